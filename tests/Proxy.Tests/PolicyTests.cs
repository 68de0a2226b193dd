using System.Net.Sockets;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public abstract class PolicyTests(TransportKind transport) : IDisposable
{
    private readonly Rig _rig = new(transport: transport);

    public void Dispose()
    {
        _rig.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_refused_connection_is_retried_on_another_backend()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("gone", Rig.Nobody()) with { Generation = 7 }, Rig.Backend("b", backend.EndPoint())));
        for (var i = 0; i < 10; i++)
            await AssertServed(await _rig.Pair(endpoint, backend));
        var refused = await _rig.Next(ObservationKind.Refused);
        Assert.Equal(("pool", "gone", 7UL, 111), (refused.Pool, refused.Backend, refused.Generation, refused.Errno));
        Assert.Equal(10, _rig.Count("b").Connected);
        Assert.Equal(_rig.Count("gone").Refused, _rig.Count("b").Retries);
        Assert.InRange(_rig.Count("gone").Refused, 5, 10);
        Assert.Equal(0, _rig.Count(endpoint).NoBackend);
    }

    [Fact]
    public async Task Retries_end_after_as_many_as_allowed_and_the_client_is_reset()
    {
        var endpoint = _rig.Open(Rig.Pool(
            [.. Enumerable.Range(0, 5).Select(i => Rig.Backend($"n{i}", Rig.Nobody()))]) with { ConnectRetries = 2 });
        await _rig.AssertTurnedAway(endpoint);
        await _rig.Quiet();
        Assert.Equal(3, _rig.Engine.Snapshot().Backends.Sum(backend => backend.Refused));
        Assert.All(_rig.Engine.Snapshot().Backends, backend => Assert.InRange(backend.Refused, 0, 1));
        Assert.Equal(1, _rig.Count(endpoint).NoBackend);
    }

    [Fact]
    public async Task A_pool_without_backends_resets_the_client()
    {
        var endpoint = _rig.Open(Rig.Pool());
        await _rig.AssertTurnedAway(endpoint);
        await _rig.Quiet();
        Assert.Equal(1, _rig.Count(endpoint).NoBackend);
    }

    [Fact]
    public async Task A_connect_that_times_out_is_retried_on_another_backend()
    {
        var timeout = TimeSpan.FromMilliseconds(50);
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("hole", await _rig.Blackhole()), Rig.Backend("b", backend.EndPoint()))
            with { ConnectTimeout = timeout });
        await AssertServed(await _rig.Pair(endpoint, backend));
        var observation = await _rig.Next(ObservationKind.TimedOut);
        Assert.Equal("hole", observation.Backend);
        Assert.True(observation.Latency >= timeout);
        Assert.Equal((1, 1), (_rig.Count("hole").TimedOut, _rig.Count("b").Retries));
    }

    [Fact]
    public async Task A_success_is_observed_with_its_latency()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint()) with { Generation = 3 }));
        await _rig.Pair(endpoint, backend);
        var observation = await _rig.Next(ObservationKind.Connected);
        Assert.Equal(("b", 3UL, 0), (observation.Backend, observation.Generation, observation.Errno));
        Assert.InRange(observation.Latency, TimeSpan.FromTicks(1), Rig.Patience);
    }

    [Fact]
    public async Task A_reset_is_held_against_the_backend_only_before_it_has_spoken()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var (client, server) = await _rig.Pair(endpoint, backend);
        await AssertServed((client, server));
        server.Reset();
        await client.AssertReset();
        (client, server) = await _rig.Pair(endpoint, backend);
        client.Reset();
        await server.AssertReset();
        await _rig.Quiet();
        Assert.Equal(0, _rig.Count("b").Reset);

        (client, server) = await _rig.Pair(endpoint, backend);
        server.Reset();
        await client.AssertReset();
        Assert.Equal("b", (await _rig.Next(ObservationKind.Reset)).Backend);
        Assert.Equal(1, _rig.Count("b").Reset);
    }

    [Fact]
    public async Task A_silent_connection_is_reset_after_the_idle_timeout_and_a_fed_one_is_not()
    {
        var backend = _rig.Listen();
        var listener = new ListenerSpec
        {
            Endpoint = Rig.NewEndpoint(),
            Pool = "pool",
            IdleTimeout = TimeSpan.FromSeconds(1),
        };
        _rig.Apply(listener, Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var silent = await _rig.Pair(listener.Endpoint, backend);
        var fed = await _rig.Pair(listener.Endpoint, backend);
        await Poll.Until(
            async () =>
            {
                await AssertServed(fed);
                return _rig.Count(listener.Endpoint).IdleTimeouts;
            },
            timeouts => timeouts == 1,
            Rig.Patience,
            "the silent connection is over");
        await silent.Client.AssertReset();
        await silent.Server.AssertReset();
        await AssertServed(fed);
    }

    [Fact]
    public async Task A_thousand_clients_that_send_nothing_end_by_the_idle_timeout()
    {
        var backend = _rig.Listen();
        var listener = new ListenerSpec
        {
            Endpoint = Rig.NewEndpoint(),
            Pool = "pool",
            IdleTimeout = TimeSpan.FromSeconds(2),
        };
        _rig.Apply(listener, Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        for (var i = 0; i < 1000; i++)
            await _rig.Connect(listener.Endpoint);
        await Poll.Until(
            () => _rig.Count(listener.Endpoint), count => count is { IdleTimeouts: 1000, Connections: 0 },
            Rig.Patience, "all are over");
    }

    [Fact]
    public async Task Over_a_listener_limit_connections_wait_for_room()
    {
        var backend = _rig.Listen();
        var listener = new ListenerSpec { Endpoint = Rig.NewEndpoint(), Pool = "pool", MaxConnections = 2 };
        _rig.Apply(listener, Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var pairs = new[] { await _rig.Pair(listener.Endpoint, backend), await _rig.Pair(listener.Endpoint, backend) };
        var third = await _rig.Connect(listener.Endpoint);
        await third.Write("x"u8.ToArray());
        await Poll.Until(() => _rig.Count(listener.Endpoint).IsFull, full => full, Rig.Patience, "it is full");
        Assert.Equal((2, 2L), (_rig.Count(listener.Endpoint).Connections, _rig.Count(listener.Endpoint).Accepted));
        pairs[0].Client.Close();
        pairs[0].Server.Close();
        var server = await _rig.Accept(backend);
        Assert.Equal("x"u8.ToArray(), await server.Read(1));
        Assert.Equal(2, _rig.Count(listener.Endpoint).Connections);
    }

    [Fact]
    public async Task Limits_are_exact_over_all_loops_under_a_crowd()
    {
        using var rig = new Rig(loops: 4, transport: transport);
        var backend = rig.Listen();
        var endpoint = Rig.NewEndpoint();
        rig.Engine.ApplyTable(new()
        {
            MaxConnections = 10,
            Listeners = [new() { Endpoint = endpoint, Pool = "pool" }],
            Pools = [Rig.Pool(Rig.Backend("b", backend.EndPoint()))],
        });
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => rig.Connect(endpoint)));
        for (var served = 0; served < clients.Length; served++)
        {
            Assert.InRange(rig.Engine.Snapshot().Connections, 0, 10);
            (await rig.Accept(backend)).Reset();
        }
        await Task.WhenAll(clients.Select(client => client.AssertReset()));
        Assert.Equal(50, rig.Count(endpoint).Accepted);
    }

    [Fact]
    public async Task A_full_backend_is_passed_over_and_when_all_are_full_the_client_is_reset()
    {
        var backends = new[] { _rig.Listen(), _rig.Listen() };
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("a", backends[0].EndPoint()) with { MaxConnections = 1 },
            Rig.Backend("b", backends[1].EndPoint()) with { MaxConnections = 2 }));
        for (var i = 0; i < 3; i++)
            await _rig.Connect(endpoint);
        await Poll.Until(
            () => (_rig.Count("a").Connected, _rig.Count("b").Connected), held => held == (1, 2), Rig.Patience, "full");
        await _rig.AssertTurnedAway(endpoint);
        Assert.Equal((1, 2), (_rig.Count("a").Connections, _rig.Count("b").Connections));
    }

    [Fact]
    public async Task A_client_that_resets_while_its_backend_is_awaited_is_forgotten()
    {
        var endpoint = _rig.Open(Rig.Pool(Rig.Backend("hole", await _rig.Blackhole()))
            with { ConnectTimeout = TimeSpan.FromMinutes(5) });
        var client = await _rig.Connect(endpoint);
        await Poll.Until(() => _rig.Count("hole").Connections, count => count == 1, Rig.Patience, "it is tried");
        client.Reset();
        await _rig.Quiet();
        Assert.Equal(0, _rig.Count("hole").Connections);
    }

    [Fact]
    public async Task A_client_that_ends_while_its_backend_is_awaited_is_still_served()
    {
        var backend = _rig.Listen();
        var endpoint = _rig.Open(Rig.Pool(
            Rig.Backend("hole", await _rig.Blackhole()), Rig.Backend("b", backend.EndPoint()))
            with { ConnectTimeout = TimeSpan.FromMilliseconds(100) });
        var client = await _rig.Connect(endpoint);
        await client.Write("request"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        var server = await _rig.Accept(backend);
        Assert.Equal("request"u8.ToArray(), await server.Read(7));
        await server.AssertEnd();
        await server.Write("answer"u8.ToArray());
        Assert.Equal("answer"u8.ToArray(), await client.Read(6));
    }

    private static async Task AssertServed((Socket Client, Socket Server) pair)
    {
        await pair.Client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await pair.Server.Read(4));
        await pair.Server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await pair.Client.Read(4));
    }
}
