using AnycastVip.Proto.V1;
using Grpc.Core;

namespace AnycastVip.Proxy.Tests.Api;

/// <summary>The views of proto/anycastvip/v1/proxy.proto over a real Unix socket.</summary>
public sealed class ProxyApiTests
{
    [Fact]
    public async Task Before_a_gate_comes_the_proxy_says_so()
    {
        await using var sandbox = await ApiSandbox.StartAsync();

        var proxy = await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call);

        Assert.Equal(("node-1", 0ul, 0ul, false), (proxy.Node, proxy.Revision, proxy.GateEpoch, proxy.GateConnected));
        Assert.Null(proxy.GateSeenAt);
        Assert.NotEmpty(proxy.Version);
        Assert.NotEqual(0u, proxy.MaxConnections);
        Assert.Empty(proxy.Alarms);
    }

    [Fact]
    public async Task A_table_whose_connections_are_used_up_raises_an_alarm_and_its_listener_is_full()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        var table = Tables.Of(listener, Tables.Backend("s1", backend.EndPoint()));
        table.MaxConnections = 1;
        await gate.ApplyAsync(table);

        await sandbox.AssertCarriesAsync(listener, backend);
        await sandbox.Rig.Connect(listener);

        await sandbox.WaitProxyAsync(
            proxy => proxy is { Connections: 1, MaxConnections: 1, Alarms.Count: 1 }, "the alarm is raised");
        await Poll.Until(
            () => sandbox.Client.ListListeners(new(), ApiSandbox.Call).Listeners.Single(),
            listener => listener.State == ListenerState.Full, Rig.Patience, "the listener is full");
    }

    [Fact]
    public async Task Listeners_are_listed_by_VIP_and_an_unknown_one_is_NOT_FOUND()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var table = Tables.Of(Rig.NewEndpoint());
        table.Listeners.Add(new ListenerSpec(Tables.Listener(Rig.NewEndpoint())) { Vip = "mail" });
        await gate.ApplyAsync(table);

        var all = await sandbox.Client.ListListenersAsync(new(), ApiSandbox.Call);
        var mail = await sandbox.Client.ListListenersAsync(new() { Vip = "mail" }, ApiSandbox.Call);
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await sandbox.Client.ListListenersAsync(new() { Vip = "none" }, ApiSandbox.Call));

        Assert.Equal(["web", "mail"], all.Listeners.Select(listener => listener.Vip));
        Assert.Equal(all.Listeners[1], mail.Listeners.Single());
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains("web, mail", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_tells_the_listeners_at_once_and_after_a_change()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        using var watch = sandbox.Client.WatchListeners(new(), ApiSandbox.Call);
        Assert.True(await watch.ResponseStream.MoveNext(Rig.Cancellation));
        Assert.Empty(watch.ResponseStream.Current.Listeners);

        await gate.ApplyAsync(Tables.Of(Rig.NewEndpoint()));

        Assert.True(await watch.ResponseStream.MoveNext(Rig.Cancellation));
        Assert.Equal(ListenerState.Listening, watch.ResponseStream.Current.Listeners.Single().State);
    }

    [Fact]
    public async Task Stats_count_what_was_carried()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", backend.EndPoint())));
        await sandbox.AssertCarriesAsync(listener, backend);

        // The octets have arrived; they are counted a moment later.
        var stats = await Poll.Until(
            () => sandbox.Client.GetStats(new(), ApiSandbox.Call),
            stats => stats.Backends.Single().OctetsFromBackend == 4, Rig.Patience, "the octets are counted");

        var counters = stats.Backends.Single();
        Assert.Equal(
            (1ul, 1ul, 0ul), (counters.Connect.Count, counters.FirstOctet.Count, counters.Duration.Count));
        Assert.Equal(counters.Connect, stats.Pools.Single().Connect);
        (counters.Connect, counters.FirstOctet, counters.Duration) = (null, null, null);
        Assert.Equal(
            new BackendCounters
            {
                Pool = "pool", Backend = "s1", Connected = 1, Connections = 1, OctetsFromBackend = 4,
                OctetsToBackend = 4,
            },
            counters);
        Assert.Equal(1ul, stats.ListenerLatencies.Single().FirstOctet.Count);
        Assert.Equal((1ul, 4ul), (stats.Listeners[0].Counters.Accepted, stats.Listeners[0].Counters.OctetsToClients));
        // What Auto finds on this machine.
        var engine = sandbox.Rig.Engine.TransportText.Split(' ')[0];
        Assert.Equal([(0u, engine), (1u, engine)], stats.Loops.Select(loop => (loop.Index, loop.Engine)));
        Assert.Equal(1, stats.Loops.Sum(loop => loop.Connections));
    }

    [Fact]
    public async Task Stats_tell_the_last_error_of_a_backend()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", Rig.Nobody())));
        await sandbox.Rig.AssertTurnedAway(listener);

        var error = await Poll.Until(
            () => sandbox.Client.GetStats(new(), ApiSandbox.Call).LastErrors.SingleOrDefault(),
            error => error is not null, Rig.Patience, "the error is told");

        Assert.Equal(
            ("pool", "s1", ConnectFailureKind.Refused, "refused the connection"),
            (error!.Pool, error.Backend, error.Kind, error.Text));
    }
}
