using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public abstract class TableTests(TransportKind transport) : IDisposable
{
    private readonly Rig _rig = new(loops: 4, transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(BackendState.Drain)]
    [InlineData(BackendState.Down)]
    public async Task A_backend_that_drains_or_is_down_keeps_its_connections_and_gets_no_new_ones(BackendState state)
    {
        var (a, b) = (_rig.Listen(), _rig.Listen());
        var pool = Rig.Pool(Rig.Backend("a", a.EndPoint()));
        var endpoint = _rig.Open(pool);
        var old = await _rig.Pair(endpoint, a);
        _rig.Open(Rig.Pool(pool.Backends[0] with { State = state }, Rig.Backend("b", b.EndPoint())), endpoint);
        for (var i = 0; i < 20; i++)
            await AssertCarried(await _rig.Pair(endpoint, b));
        await AssertCarried(old);
        Assert.Equal((1, 1L), (_rig.Count("a").Connections, _rig.Count("a").Connected));
        _rig.Open(pool, endpoint);
        await AssertCarried(await _rig.Pair(endpoint, a));
    }

    [Fact]
    public async Task A_backend_that_is_gone_from_the_table_keeps_its_connections_and_its_counters()
    {
        var (a, b) = (_rig.Listen(), _rig.Listen());
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("a", a.EndPoint())));
        var old = await _rig.Pair(endpoint, a);
        for (var i = 0; i < 5; i++)
            _rig.Open(Rig.Pool(Rig.Backend("b", b.EndPoint())), endpoint);
        await AssertCarried(old);
        Assert.Equal(1, _rig.Count("a").Connections);
        _rig.Open(Rig.Pool(Rig.Backend("a", a.EndPoint())), endpoint);
        await AssertCarried(await _rig.Pair(endpoint, a));
        Assert.Equal((2, 2L), (_rig.Count("a").Connections, _rig.Count("a").Connected));
    }

    [Fact]
    public async Task Numbers_of_backends_that_are_gone_are_used_again()
    {
        var backend = _rig.Listen();
        var endpoint = Rig.NewEndpoint();
        // More names than there are numbers would need a second round of them.
        for (var i = 0; i < 200; i++)
        {
            _rig.Open(Rig.Pool([.. Enumerable.Range(0, 400).Select(n => Rig.Backend($"{i}-{n}", backend.EndPoint()))]),
                endpoint);
        }
        await AssertCarried(await _rig.Pair(endpoint, backend));
        Assert.Equal(400, _rig.Engine.Snapshot().Backends.Length);
    }

    [Fact]
    public async Task A_listener_that_is_removed_accepts_no_more_and_its_connections_go_on()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var old = await _rig.Pair(endpoint, backend);
        _rig.Engine.ApplyTable(ProxyTable.Empty);
        await Assert.ThrowsAnyAsync<SocketException>(() => _rig.Connect(endpoint));
        await AssertCarried(old);
        Assert.Empty(_rig.Engine.Snapshot().Listeners);
        old.Client.Close();
        old.Server.Close();
        await _rig.Quiet();
    }

    [Fact]
    public async Task A_listener_whose_VIP_and_limits_change_is_not_opened_anew()
    {
        var backend = _rig.Listen();
        var pool = Rig.Pool(Rig.Backend("b", backend.EndPoint()));
        var listener = new ListenerSpec { Endpoint = Rig.NewEndpoint(), Pool = pool.Name, Vip = "old" };
        _rig.Apply(listener, pool);
        var pair = await _rig.Pair(listener.Endpoint, backend);

        _rig.Apply(listener with { Vip = "new", MaxConnections = 7, IdleTimeout = TimeSpan.FromHours(1) }, pool);

        await AssertCarried(pair);
        Assert.Equal(new(0, 0, 0), _rig.Engine.CountConnections(new() { Vip = "old" }, null));
        // A listener opened anew would have accepted none.
        Assert.Equal(new(1, 0, 1), _rig.Engine.CountConnections(new() { Vip = "new" }, null));
    }

    [Fact]
    public async Task A_listener_that_cannot_be_opened_is_refused_with_the_reason_and_the_rest_stands()
    {
        var backend = _rig.Listen();
        var taken = _rig.Listen();
        var absent = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 80);
        var good = Rig.NewEndpoint();
        var table = new ProxyTable
        {
            Revision = 9,
            Listeners =
            [
                .. new[] { taken.EndPoint(), absent, good }
                    .Select(endpoint => new ListenerSpec { Endpoint = endpoint, Pool = "pool" }),
            ],
            Pools = [Rig.Pool(Rig.Backend("b", backend.EndPoint()))],
        };
        var result = _rig.Engine.ApplyTable(table);
        Assert.Equal(9UL, result.Revision);
        Assert.Equal(
            [(taken.EndPoint(), "the port is taken by another process"), (absent, "the address is not on this node")],
            result.Refused.Select(refused => (refused.Endpoint, refused.Reason)));
        await AssertCarried(await _rig.Pair(good, backend));

        var freed = taken.EndPoint();
        taken.Close();
        Assert.Equal([absent], _rig.Engine.ApplyTable(table).Refused.Select(refused => refused.Endpoint));
        await AssertCarried(await _rig.Pair(freed, backend));
    }

    [Fact]
    public async Task A_table_that_breaks_a_rule_changes_nothing()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        Assert.Throws<ArgumentException>(() => _rig.Engine.ApplyTable(new()
        {
            Revision = 99,
            Listeners = [new() { Endpoint = Rig.NewEndpoint(), Pool = "none" }],
        }));
        Assert.Equal(1UL, _rig.Engine.Snapshot().Revision);
        await AssertCarried(await _rig.Pair(endpoint, backend));
    }

    [Theory]
    [InlineData(1, 1, "b", "pool", 5000, 0, null)]
    [InlineData(0, 1, "b", "pool", 5000, 0, "no port")]
    [InlineData(1, 1001, "b", "pool", 5000, 0, "the weight is not 0 to 1000")]
    [InlineData(1, 1, "a", "pool", 5000, 0, "backend a stands twice")]
    [InlineData(1, 1, "b", "other", 5000, 0, "no pool other")]
    [InlineData(1, 1, "b", "pool", 0, 0, "connect time-out")]
    [InlineData(1, 1, "b", "pool", 300001, 0, "connect time-out")]
    [InlineData(1, 1, "b", "pool", 5000, 17, "retries")]
    public void The_first_fault_of_a_table_is_named(
        int port, int weight, string second, string pool, int timeout, int retries, string? fault)
    {
        var table = new ProxyTable
        {
            Listeners = [new() { Endpoint = new(IPAddress.Loopback, 80), Pool = pool }],
            Pools =
            [
                Rig.Pool(
                    Rig.Backend("a", new(IPAddress.Loopback, port)),
                    Rig.Backend(second, new(IPAddress.Loopback, 1)) with { Weight = weight }) with
                {
                    ConnectTimeout = TimeSpan.FromMilliseconds(timeout),
                    ConnectRetries = retries,
                },
            ],
        };
        if (fault is null)
            Assert.Null(table.FindFault());
        else
            Assert.Contains(fault, table.FindFault(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BalanceAlgorithm.RoundRobin)]
    [InlineData(BalanceAlgorithm.LeastConnections)]
    public async Task Weights_are_met_exactly_over_all_loops(BalanceAlgorithm algorithm)
    {
        var (a, b) = (_rig.Listen(), _rig.Listen());
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("a", a.EndPoint()) with { Weight = 3 }, Rig.Backend("b", b.EndPoint()))
            with { Balance = algorithm });
        await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => _rig.Connect(endpoint)));
        await Poll.Until(
            () => (_rig.Count("a").Connections, _rig.Count("b").Connections), held => held == (300, 100),
            Rig.Patience, "the connections stand 300 to 100");
        Assert.True(_rig.Engine.Snapshot().Loops.Count(loop => loop.Connections > 0) > 1);
    }

    [Fact]
    public async Task Tables_that_come_and_go_under_load_touch_no_connection()
    {
        using var echo = new EchoServer(_rig.Listen());
        using var otherEcho = new EchoServer(_rig.Listen());
        var pools = new[]
        {
            Rig.Pool(Rig.Backend("a", echo.Endpoint)),
            Rig.Pool(Rig.Backend("b", otherEcho.Endpoint)) with { Balance = BalanceAlgorithm.LeastConnections },
            Rig.Pool(Rig.Backend("a", echo.Endpoint) with { State = BackendState.Drain },
                Rig.Backend("b", otherEcho.Endpoint)),
        };
        var endpoint = _rig.Open(pools[0]);
        var changing = true;
        var load = Enumerable.Range(0, 8).Select(async i =>
        {
            var kept = await _rig.Connect(endpoint);
            for (var round = 0; Volatile.Read(ref changing); round++)
            {
                await AssertEcho(kept, round);
                using var fresh = await _rig.Connect(endpoint);
                await AssertEcho(fresh, round);
            }
            await AssertEcho(kept, i);
        }).ToList();
        for (var i = 0; i < 300; i++)
        {
            var extra = new ListenerSpec { Endpoint = Rig.NewEndpoint(), Pool = "pool" };
            _rig.Engine.ApplyTable(new()
            {
                Listeners = [new() { Endpoint = endpoint, Pool = "pool", MaxConnections = 1000 + i }, extra],
                Pools = [pools[i % pools.Length]],
            });
            await Task.Yield();
        }
        Volatile.Write(ref changing, false);
        await Task.WhenAll(load);
        Assert.Equal(0, _rig.Count(endpoint).NoBackend);
    }

    [Fact]
    public async Task A_stop_waits_for_connections_that_end_in_time()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var pair = await _rig.Pair(endpoint, backend);
        var stopping = Task.Run(() => _rig.Engine.Stop(Rig.Patience), Rig.Cancellation);
        await Poll.Until(
            () => _rig.Engine.Snapshot().Listeners.Length, count => count == 0, Rig.Patience, "nothing is accepted");
        await Assert.ThrowsAnyAsync<SocketException>(() => _rig.Connect(endpoint));
        await AssertCarried(pair);
        Assert.False(stopping.IsCompleted);
        pair.Client.Close();
        pair.Server.Close();
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task A_stop_resets_what_is_left_at_its_bound()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var pairs = new[] { await _rig.Pair(endpoint, backend), await _rig.Pair(endpoint, backend) };
        Assert.Equal(2, _rig.Engine.Stop(TimeSpan.FromMilliseconds(1)));
        foreach (var pair in pairs)
        {
            await pair.Client.AssertReset();
            await pair.Server.AssertReset();
        }
    }

    private static async Task AssertEcho(Socket socket, int value)
    {
        var octets = BitConverter.GetBytes(value);
        await socket.Write(octets);
        Assert.Equal(octets, await socket.Read(octets.Length));
    }

    private static async Task AssertCarried((Socket Client, Socket Server) pair)
    {
        await pair.Client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await pair.Server.Read(4));
        await pair.Server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await pair.Client.Read(4));
    }
}
