using System.Net;
using System.Net.Sockets;
using System.Text;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.ProxyProtocol;
using AnycastVip.Proxy.Tests.ProxyProtocol;

namespace AnycastVip.Proxy.Tests;

/// <summary>A listener behind other proxies.</summary>
public abstract class ReceiveHeaderTests(TransportKind transport) : IDisposable
{
    private static readonly ProxyProtocolSpec FromLoopback = new() { From = [IPNetwork.Parse("127.0.0.0/8")] };

    private readonly Rig _rig = new(observations: 64, transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_header_is_for_the_proxy_and_the_rest_for_the_backend()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint());
        foreach (var header in (byte[][])[Line("192.0.2.1"), Version2("192.0.2.1"), Local()])
        {
            var client = await _rig.Connect(endpoint);
            await client.Write((byte[])[.. header, .. "hello"u8]);
            var server = await _rig.Accept(backend);
            Assert.Equal("hello", Encoding.ASCII.GetString(await server.Read(5)));
            await server.Write("and back"u8.ToArray());
            Assert.Equal("and back", Encoding.ASCII.GetString(await client.Read(8)));
            client.Shutdown(SocketShutdown.Send);
            await server.AssertEnd();
        }
    }

    [Fact]
    public async Task A_header_that_comes_octet_by_octet_is_awaited()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint());
        var client = await _rig.Connect(endpoint);
        foreach (var octet in Version2("192.0.2.1"))
        {
            Assert.Equal(0, _rig.Count("b").Connected);
            await client.Write(new[] { octet });
        }
        var server = await _rig.Accept(backend);
        await client.Write("x"u8.ToArray());
        Assert.Equal("x", Encoding.ASCII.GetString(await server.Read(1)));
    }

    [Fact]
    public async Task A_backend_may_speak_first_once_the_header_is_there()
    {
        var backend = _rig.Listen();
        var client = await _rig.Connect(Open(backend.EndPoint()));
        await client.Write(Line("192.0.2.1"));
        var server = await _rig.Accept(backend);
        await server.Write("220"u8.ToArray());
        Assert.Equal(3, (await client.Read(3)).Length);
    }

    [Fact]
    public async Task A_connection_from_elsewhere_is_reset_and_counted()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint(), new() { From = [IPNetwork.Parse("192.0.2.0/24")] });
        await _rig.AssertTurnedAway(endpoint);
        await _rig.Quiet();
        Assert.Equal((1, 1, 0), (_rig.Count(endpoint).SourcesRefused, _rig.Count(endpoint).Accepted,
            _rig.Count("b").Connected));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n")]
    public async Task A_client_without_a_sound_header_is_reset_and_counted(string octets)
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint());
        var client = await _rig.Connect(endpoint);
        await client.Write(Encoding.ASCII.GetBytes(octets));
        await client.AssertReset();
        await _rig.Quiet();
        Assert.Equal((1, 0), (_rig.Count(endpoint).PrologueFaults, _rig.Count("b").Connected));
    }

    [Fact]
    public async Task A_header_that_does_not_come_in_time_resets_the_connection()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint(), FromLoopback with { Timeout = TimeSpan.FromMilliseconds(50) });
        var client = await _rig.Connect(endpoint);
        await client.Write("PROXY TCP4 "u8.ToArray());
        await client.AssertReset();
        await _rig.Quiet();
        Assert.Equal((1, 0), (_rig.Count(endpoint).PrologueTimeouts, _rig.Count("b").Connected));
    }

    [Fact]
    public async Task A_client_that_resets_before_its_header_is_whole_leaves_nothing_behind()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint());
        var client = await _rig.Connect(endpoint);
        await client.Write("PROXY"u8.ToArray());
        await Poll.Until(() => _rig.Engine.Snapshot().Connections, count => count == 1, Rig.Patience, "it is held");
        client.Reset();
        await _rig.Quiet();
    }

    [Fact]
    public async Task Whom_the_header_names_is_told_to_the_backend_with_the_TLVs_that_came()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint(), sent: SentHeader.Version2);
        var client = await _rig.Connect(endpoint);
        var header = new byte[512];
        var writer = ProxyHeaderWriter.Proxy(header, Endpoint(0xC0000201, 1000), Endpoint(0xC6336402, 443));
        writer.Add(TlvType.Authority, "a.example"u8);
        writer.Add(TlvType.Noop, [0]);
        writer.Add(TlvType.UniqueId, [1, 2]);
        writer.Add(0xE0, [3]);
        await client.Write((byte[])[.. header[..writer.Length], .. "hello"u8]);
        var octets = await (await _rig.Accept(backend)).Read(16 + 12 + 12 + 5 + 4 + 5);
        Assert.Equal(
            "whole v2 Proxy IPv4 Stream 192.0.2.1:1000 > 198.51.100.2:443 02=612e6578616d706c65 05=0102 e0=03",
            HeaderText.Read(octets, out var length));
        Assert.Equal("hello", Encoding.ASCII.GetString(octets.AsSpan(length)));
    }

    [Fact]
    public async Task Whom_the_header_names_is_the_client_for_version_1_too()
    {
        var backend = _rig.Listen();
        var client = await _rig.Connect(Open(backend.EndPoint(), sent: SentHeader.Version1));
        await client.Write(Line("2001:db8::1", "TCP6"));
        var line = "PROXY TCP6 2001:db8::1 2001:db8::1 1000 443\r\n";
        var server = await _rig.Accept(backend);
        Assert.Equal(line, Encoding.ASCII.GetString(await server.Read(line.Length)));
    }

    [Fact]
    public async Task A_LOCAL_connection_is_told_of_by_its_own_endpoints()
    {
        var backend = _rig.Listen();
        var endpoint = Open(backend.EndPoint(), sent: SentHeader.Version1);
        var client = await _rig.Connect(endpoint);
        await client.Write(Local());
        var own = (IPEndPoint)client.LocalEndPoint!;
        var line = $"PROXY TCP4 {own.Address} {endpoint.Address} {own.Port} {endpoint.Port}\r\n";
        var server = await _rig.Accept(backend);
        Assert.Equal(line, Encoding.ASCII.GetString(await server.Read(line.Length)));
    }

    [Fact]
    public async Task After_a_failed_attempt_the_header_is_dropped_all_the_same()
    {
        var backend = _rig.Listen();
        var endpoint = Rig.NewEndpoint();
        _rig.Apply(
            new() { Endpoint = endpoint, Pool = "pool", ProxyProtocol = FromLoopback },
            Rig.Pool(Rig.Backend("gone", Rig.Nobody()) with { Weight = 100 }, Rig.Backend("b", backend.EndPoint())));
        var client = await _rig.Connect(endpoint);
        await client.Write((byte[])[.. Line("192.0.2.1"), .. "hello"u8]);
        var server = await _rig.Accept(backend);
        Assert.Equal("hello", Encoding.ASCII.GetString(await server.Read(5)));
        Assert.Equal(1, _rig.Count("b").Retries);
    }

    [Fact]
    public async Task The_limits_of_a_source_are_for_whom_the_header_names()
    {
        var backend = _rig.Listen();
        var endpoint = Rig.NewEndpoint();
        _rig.Apply(
            new()
            {
                Endpoint = endpoint,
                Pool = "pool",
                ProxyProtocol = FromLoopback,
                PerSource = new() { Connections = 1 },
            },
            Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var first = await Named("192.0.2.1");
        await _rig.Accept(backend);
        await Named("192.0.2.2");
        await _rig.Accept(backend);
        await (await Named("192.0.2.1")).AssertReset();
        Assert.Equal(1, _rig.Count(endpoint).SourceLimited);
        first.Reset();
        await Poll.Until(() => _rig.Engine.Snapshot().Connections, count => count == 1, Rig.Patience, "it is gone");
        await Named("192.0.2.1");
        await _rig.Accept(backend);

        async Task<Socket> Named(string address)
        {
            var client = await _rig.Connect(endpoint);
            await client.Write(Line(address));
            return client;
        }
    }

    [Fact]
    public async Task A_header_allocates_nothing_on_the_loops_heap()
    {
        using var echo = new EchoServer(_rig.Listen());
        var endpoint = Open(echo.Endpoint, sent: SentHeader.Version2);
        await Use(100);
        var before = Allocated();
        await Use(500);
        Assert.Equal(before, Allocated());

        async Task Use(int connections)
        {
            for (var i = 0; i < connections; i++)
            {
                using var client = await _rig.Connect(endpoint);
                await client.Write(Version2("192.0.2.1"));
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

    private IPEndPoint Open(IPEndPoint backend, ProxyProtocolSpec? expected = null, SentHeader sent = SentHeader.None)
    {
        var endpoint = Rig.NewEndpoint();
        _rig.Apply(
            new() { Endpoint = endpoint, Pool = "pool", ProxyProtocol = expected ?? FromLoopback },
            Rig.Pool(Rig.Backend("b", backend)) with { SendProxyProtocol = sent });
        return endpoint;
    }

    private static byte[] Line(string address, string protocol = "TCP4") =>
        Encoding.ASCII.GetBytes($"PROXY {protocol} {address} {address} 1000 443\r\n");

    private static byte[] Version2(string address)
    {
        var header = new byte[ProxyHeaderWriter.MaximumHead];
        var number = BitConverter.ToUInt32([.. IPAddress.Parse(address).GetAddressBytes().Reverse()]);
        return header[..ProxyHeaderWriter.Proxy(header, Endpoint(number, 1000), Endpoint(number, 443)).Length];
    }

    private static byte[] Local()
    {
        var header = new byte[ProxyHeaderWriter.MaximumHead];
        return header[..ProxyHeaderWriter.Local(header).Length];
    }

    private static ProxyEndpoint Endpoint(uint address, ushort port) => new(ProxyFamily.IPv4, address, port);
}
