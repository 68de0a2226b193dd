using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Tests.ProxyProtocol;
using AnycastVip.Proxy.Tests.Tls;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Tests;

/// <summary>A listener that shares TLS connections out by their ClientHello.</summary>
public abstract class SniTests : IDisposable
{
    private readonly Rig _rig;
    private readonly IPEndPoint _endpoint = Rig.NewEndpoint();
    private readonly Socket _named;
    private readonly Socket _others;
    private ulong _revision;

    protected SniTests(TransportKind transport)
    {
        _rig = new(observations: 64, transport: transport);
        (_named, _others) = (_rig.Listen(), _rig.Listen());
    }

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_name_that_a_client_asks_for_leads_to_its_pool_and_the_hello_goes_on_whole()
    {
        Apply();
        var hello = Hello("www.example.com");
        var client = await Send(hello);
        var server = await _rig.Accept(_named);
        Assert.Equal(hello, await server.Read(hello.Length));
        await server.Write("back"u8.ToArray());
        Assert.Equal("back", Encoding.ASCII.GetString(await client.Read(4)));
        client.Shutdown(SocketShutdown.Send);
        await server.AssertEnd();
    }

    [Fact]
    public async Task Another_name_or_another_protocol_gets_the_listeners_pool()
    {
        Apply();
        foreach (var octets in (byte[][])[Hello("other.example"), [.. "GET / HTTP/1.1\r\n\r\n"u8]])
        {
            await Send(octets);
            Assert.Equal(octets, await (await _rig.Accept(_others)).Read(octets.Length));
        }
    }

    [Fact]
    public async Task Another_name_or_another_protocol_is_reset_where_it_is_to_be()
    {
        Apply(sni => sni with { ResetsOthers = true });
        await (await Send(Hello("other.example"))).AssertReset();
        await (await Send([.. "GET / HTTP/1.1\r\n\r\n"u8])).AssertReset();
        await _rig.Quiet();
        Assert.Equal(2, _rig.Count(_endpoint).Unrouted);
    }

    [Fact]
    public async Task A_hello_in_pieces_is_awaited()
    {
        Apply();
        var hello = Hello("www.example.com", fragment: 11);
        var client = await _rig.Connect(_endpoint);
        foreach (var piece in hello.Chunk(7))
        {
            Assert.Equal(0, _rig.Count("named").Connected);
            await client.Write(piece);
        }
        Assert.Equal(hello, await (await _rig.Accept(_named)).Read(hello.Length));
    }

    [Fact]
    public async Task A_hello_of_almost_28_KiB_goes_on_whole()
    {
        Apply();
        var hello = Hello("www.example.com", padding: 28_000);
        await Send(hello);
        Assert.Equal(hello, await (await _rig.Accept(_named)).Read(hello.Length));
    }

    [Fact]
    public async Task A_broken_hello_is_reset_and_counted()
    {
        Apply();
        await (await Send(HelloBuilder.Record([2, 0, 0, 0]))).AssertReset();
        await _rig.Quiet();
        Assert.Equal(1, _rig.Count(_endpoint).PrologueFaults);
    }

    [Fact]
    public async Task A_refused_connection_is_retried_within_the_pool_of_the_name()
    {
        Apply(first: Rig.Backend("gone", Rig.Nobody()) with { Weight = 100 });
        var hello = Hello("www.example.com");
        await Send(hello);
        Assert.Equal(hello, await (await _rig.Accept(_named)).Read(hello.Length));
        Assert.Equal((1, 1), (_rig.Count("gone").Refused, _rig.Count("named").Retries));
    }

    [Fact]
    public async Task A_backend_is_told_the_name_behind_a_header_that_came_first()
    {
        Apply(sent: SentHeader.Version2, proxies: new() { From = [IPNetwork.Parse("127.0.0.0/8")] });
        var hello = Hello("www.example.com");
        await Send([.. "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"u8, .. hello]);
        var octets = await (await _rig.Accept(_named)).Read(16 + 12 + 3 + 32 + 3 + 15 + hello.Length);
        var text = HeaderText.Read(octets, out var length);
        Assert.StartsWith("whole v2 Proxy IPv4 Stream 192.0.2.1:1000 > 198.51.100.2:443 05=", text, Ordinal);
        Assert.EndsWith(" 02=" + Convert.ToHexStringLower("www.example.com"u8), text, Ordinal);
        Assert.Equal(hello, octets[length..]);
    }

    [Fact]
    public async Task A_reload_changes_the_routes_for_new_connections_only()
    {
        Apply();
        var hello = Hello("www.example.com");
        var client = await Send(hello);
        var server = await _rig.Accept(_named);
        await server.Read(hello.Length);
        Apply(sni => sni with { Routes = [sni.Routes[0] with { Names = ["new.example"] }] });
        await client.Write("more"u8.ToArray());
        Assert.Equal("more", Encoding.ASCII.GetString(await server.Read(4)));
        await Send(hello);
        await _rig.Accept(_others);
    }

    [Fact]
    public async Task Routing_allocates_nothing_on_the_loops_heap()
    {
        using var echo = new EchoServer(_named);
        Apply(sent: SentHeader.Version2);
        var hello = Hello("www.example.com", fragment: 50);
        await Use(100);
        var before = Allocated();
        await Use(500);
        Assert.Equal(before, Allocated());

        async Task Use(int connections)
        {
            for (var i = 0; i < connections; i++)
            {
                using var client = await Send(hello);
                Assert.Equal(hello.Length, (await client.Read(hello.Length)).Length);
            }
            await _rig.Quiet();
        }
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;

    private long Allocated()
    {
        var sum = 0L;
        _rig.Engine.OnEveryLoop(_ => Interlocked.Add(ref sum, GC.GetAllocatedBytesForCurrentThread()));
        return sum;
    }

    private void Apply(
        Func<SniRoutes, SniRoutes>? change = null, BackendSpec? first = null, SentHeader sent = SentHeader.None,
        ProxyProtocolSpec? proxies = null)
    {
        var sni = new SniRoutes { Routes = [new() { Names = ["*.example.com"], Pool = "named" }] };
        var named = Rig.Backend("named", _named.EndPoint());
        ImmutableArray<BackendSpec> backends = first is null ? [named] : [first, named];
        Assert.Empty(_rig.Engine.ApplyTable(new()
        {
            Revision = ++_revision,
            Listeners =
            [
                new()
                {
                    Endpoint = _endpoint,
                    Pool = "pool",
                    ProxyProtocol = proxies,
                    Sni = change is null ? sni : change(sni),
                },
            ],
            Pools =
            [
                Rig.Pool(Rig.Backend("others", _others.EndPoint())),
                Rig.Pool(backends) with { Name = "named", SendProxyProtocol = sent },
            ],
        }).Refused);
    }

    private async Task<Socket> Send(byte[] octets)
    {
        var client = await _rig.Connect(_endpoint);
        await client.Write(octets);
        return client;
    }

    private static byte[] Hello(string name, int fragment = 1 << 14, int padding = 0) => new HelloBuilder
    {
        Extensions = [HelloBuilder.Grease(0x2A2A, padding), HelloBuilder.ServerName(name)],
    }.Records(fragment);
}
