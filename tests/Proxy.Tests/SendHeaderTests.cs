using System.Net;
using System.Net.Sockets;
using System.Text;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Tests.ProxyProtocol;

namespace AnycastVip.Proxy.Tests;

/// <summary>What backends are told of their clients.</summary>
public sealed class SendHeaderTests : IDisposable
{
    private const int Version2Length = 16 + 12 + 3 + 32;

    private readonly Rig _rig = new(observations: 64);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task A_backend_reads_the_line_of_version_1_before_the_clients_octets()
    {
        var backend = _rig.Listen();
        var (client, server, endpoint) = await Pair(backend, SentHeader.Version1);
        var line = $"PROXY TCP4 {Address(client)} {endpoint.Address} {Port(client)} {endpoint.Port}\r\n";
        await client.Write("hello"u8.ToArray());
        Assert.Equal(line + "hello", Encoding.ASCII.GetString(await server.Read(line.Length + 5)));
    }

    [Fact]
    public async Task A_backend_reads_version_2_with_a_unique_id()
    {
        var backend = _rig.Listen();
        var (client, server, endpoint) = await Pair(backend, SentHeader.Version2);
        await client.Write("hello"u8.ToArray());
        var octets = await server.Read(Version2Length + 5);
        Assert.StartsWith(
            $"whole v2 Proxy IPv4 Stream {Address(client)}:{Port(client)} > {endpoint} 05=",
            HeaderText.Read(octets, out var length),
            StringComparison.Ordinal);
        Assert.Equal(Version2Length, length);
        Assert.Equal("hello", Encoding.ASCII.GetString(octets, length, 5));
    }

    [Fact]
    public async Task An_IPv6_client_is_told_of_as_such_to_an_IPv4_backend()
    {
        var backend = _rig.Listen();
        var (client, server, endpoint) = await Pair(backend, SentHeader.Version2, Rig.NewIPv6Endpoint());
        Assert.StartsWith(
            $"whole v2 Proxy IPv6 Stream [::1]:{Port(client)} > {endpoint} 05=",
            HeaderText.Read(await server.Read(Version2Length + 24), out _),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_header_does_not_wait_for_the_client_to_speak()
    {
        var backend = _rig.Listen();
        var (client, server, _) = await Pair(backend, SentHeader.Version2);
        Assert.Equal(Version2Length, (await server.Read(Version2Length)).Length);
        await server.Write("220"u8.ToArray());
        Assert.Equal(3, (await client.Read(3)).Length);
    }

    [Fact]
    public async Task No_two_connections_have_one_unique_id()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint(), SentHeader.Version2);
        var ids = new HashSet<string>();
        for (var i = 0; i < 50; i++)
        {
            var (_, server) = await _rig.Pair(endpoint, backend);
            var octets = await server.Read(Version2Length);
            ids.Add(Encoding.ASCII.GetString(octets, Version2Length - 32, 32));
        }
        Assert.Equal(50, ids.Count);
        Assert.All(ids, id => Assert.True(id.All(char.IsAsciiHexDigit), id));
    }

    [Fact]
    public async Task After_a_failed_attempt_the_next_backend_gets_the_header()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("gone", Rig.Nobody()) with { Weight = 100 }, Rig.Backend("b", backend.EndPoint()))
            with { SendProxyProtocol = SentHeader.Version1 });
        for (var i = 0; i < 5; i++)
        {
            var (_, server) = await _rig.Pair(endpoint, backend);
            Assert.Equal("PROXY TCP4 ", Encoding.ASCII.GetString(await server.Read(11)));
        }
        Assert.NotEqual(0, _rig.Count("b").Retries);
    }

    [Fact]
    public async Task A_reload_that_turns_the_header_on_is_for_new_connections()
    {
        var backend = _rig.Listen();
        var (client, server, endpoint) = await Pair(backend, SentHeader.None);
        Open(backend.EndPoint(), SentHeader.Version1, endpoint);
        await client.Write("old"u8.ToArray());
        Assert.Equal("old", Encoding.ASCII.GetString(await server.Read(3)));
        var (_, next) = await _rig.Pair(endpoint, backend);
        Assert.Equal("PROXY", Encoding.ASCII.GetString(await next.Read(5)));
    }

    [Theory]
    [InlineData(SentHeader.Version1)]
    [InlineData(SentHeader.Version2)]
    public async Task A_header_allocates_nothing_on_the_loops_heap(SentHeader version)
    {
        using var echo = new EchoServer(_rig.Listen());
        var endpoint = Open(echo.Endpoint, version);
        await Use(100);
        var before = Allocated();
        await Use(500);
        Assert.Equal(before, Allocated());

        async Task Use(int connections)
        {
            for (var i = 0; i < connections; i++)
            {
                // The echo server sends back what it is told of the client.
                using var client = await _rig.Connect(endpoint);
                Assert.Equal(16, (await client.Read(16)).Length);
            }
            await _rig.Quiet();
        }
    }

    private long Allocated()
    {
        var sum = 0L;
        _rig.Engine.OnEveryLoop(_ => Interlocked.Add(ref sum, GC.GetAllocatedBytesForCurrentThread()));
        return sum;
    }

    private async Task<(Socket Client, Socket Server, IPEndPoint Endpoint)> Pair(
        Socket backend, SentHeader version, IPEndPoint? endpoint = null)
    {
        endpoint = Open(backend.EndPoint(), version, endpoint);
        var (client, server) = await _rig.Pair(endpoint, backend);
        return (client, server, endpoint);
    }

    private IPEndPoint Open(IPEndPoint backend, SentHeader version, IPEndPoint? endpoint = null) =>
        _rig.Open(Rig.Pool(Rig.Backend("b", backend)) with { SendProxyProtocol = version }, endpoint);

    private static IPAddress Address(Socket client) => ((IPEndPoint)client.LocalEndPoint!).Address;

    private static int Port(Socket client) => ((IPEndPoint)client.LocalEndPoint!).Port;
}
