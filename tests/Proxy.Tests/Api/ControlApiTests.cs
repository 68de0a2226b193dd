using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Tests.Api;

/// <summary>Control of proto/anycastvip/v1/proxy.proto over a real socket, with real connections behind it.</summary>
public sealed class ControlApiTests
{
    public static TheoryData<string, ControlRequest, string> BadFirstRequests => new()
    {
        { "a heartbeat", new() { Heartbeat = new() }, "hello" },
        { "an epoch of zero", new() { Hello = new() }, "epoch" },
        { "a heartbeat of 49 ms", Hello(new() { Nanos = 49_000_000 }), "heartbeat_interval" },
        { "a heartbeat of 11 s", Hello(new() { Seconds = 11 }), "heartbeat_interval" },
        { "no valid Duration", Hello(new() { Seconds = 1, Nanos = -1 }), "heartbeat_interval" },
    };

    [Theory]
    [MemberData(nameof(BadFirstRequests), DisableDiscoveryEnumeration = true)]
    public async Task A_bad_first_request_is_INVALID_ARGUMENT(string what, ControlRequest request, string named)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = sandbox.Connect();

        await gate.SendAsync(request);

        var detail = await gate.AssertEndedAsync(StatusCode.InvalidArgument);
        Assert.True(detail.Contains(named, StringComparison.Ordinal), $"{what}: {detail}");
    }

    [Fact]
    public async Task A_table_in_force_carries_octets_and_its_listener_is_reported()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();

        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", backend.EndPoint(), 7)));
        await sandbox.AssertCarriesAsync(listener, backend);

        var report = (await gate.WaitAsync(response =>
            response.ListenerReport?.Listeners.Single().Counters.OctetsToClients == 4)).ListenerReport.Listeners[0];
        Assert.Equal(("web", ListenerState.Listening, 1u), (report.Vip, report.State, report.Counters.Connections));
        Assert.Equal((true, 0ul), (report.Counters.HasLocal, report.Counters.Local));
    }

    [Fact]
    public async Task A_backend_report_tells_the_connections_and_their_latency()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", backend.EndPoint(), 7)));

        await sandbox.AssertCarriesAsync(listener, backend);

        var report = (await gate.WaitAsync(response => response.BackendReport?.Connected > 0)).BackendReport;
        Assert.Equal(
            ("pool", "s1", 7ul, 1ul, 1u),
            (report.Pool, report.Backend, report.Generation, report.Connected, report.Connections));
        Assert.InRange(report.ConnectLatencyP50.ToTimeSpan(), TimeSpan.Zero, report.ConnectLatencyMax.ToTimeSpan());
        // It was not used again, but still holds the connection.
        report = (await gate.WaitAsync(response => response.BackendReport is not null)).BackendReport;
        Assert.Equal((7ul, 0ul, 1u), (report.Generation, report.Connected, report.Connections));
        Assert.Null(report.ConnectLatencyMax);
    }

    [Fact]
    public async Task A_table_that_breaks_rules_is_refused_whole_and_the_one_before_stays()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        var table = Tables.Of(listener, Tables.Backend("s1", backend.EndPoint()));
        await gate.ApplyAsync(table);
        var broken = Tables.Of(Rig.NewEndpoint(), Tables.Backend("s1", backend.EndPoint()));
        broken.Listeners[0].Pool = "none";
        broken.Pools[0].Backends[0].Weight = 1001;

        var result = await gate.AskAsync(broken);

        Assert.True(result.RefusedWhole);
        Assert.Equal(
            ["backend pool/s1", $"listener {Tables.EndPointOf(broken.Listeners[0])}"],
            result.Refused.Select(entry => entry.Entry));
        Assert.Equal(1ul, (await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call)).Revision);
        await sandbox.AssertCarriesAsync(listener, backend);
        await gate.ApplyAsync(table);
    }

    [Fact]
    public async Task A_listener_that_cannot_be_opened_is_named_and_opened_once_it_can_be()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var blocker = sandbox.Rig.Listen();
        var listener = blocker.EndPoint();

        var result = await gate.AskAsync(Tables.Of(listener, Tables.Backend("s1", backend.EndPoint())));

        Assert.False(result.RefusedWhole);
        Assert.Equal($"listener {listener}", result.Refused.Single().Entry);
        var failed = (await gate.WaitAsync(IsIn(ListenerState.Failed))).ListenerReport.Listeners[0];
        Assert.Contains("taken", failed.Reason, StringComparison.Ordinal);
        Assert.Single((await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call)).Alarms);
        blocker.Dispose();
        await gate.WaitAsync(IsIn(ListenerState.Listening));
        await sandbox.AssertCarriesAsync(listener, backend);
    }

    [Fact]
    public async Task A_refused_connection_is_told_with_its_backend_and_generation()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", Rig.Nobody(), 41)));
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", Rig.Nobody(), 42)));

        await sandbox.Rig.AssertTurnedAway(listener);

        var failure = (await gate.WaitAsync(response => response.ConnectFailure is not null)).ConnectFailure;
        Assert.Equal(
            ("pool", "s1", 42ul, ConnectFailureKind.Refused, 111u),
            (failure.Pool, failure.Backend, failure.Generation, failure.Kind, failure.Errno));
        var report = (await gate.WaitAsync(response => response.BackendReport is not null)).BackendReport;
        Assert.Equal((42ul, 1ul, 0u), (report.Generation, report.Refused, report.Connections));
    }

    [Fact]
    public async Task A_lost_stream_leaves_connections_and_table_in_place()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        var gate = await sandbox.OpenAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("s1", backend.EndPoint())));
        var (client, server) = await sandbox.AssertCarriesAsync(listener, backend);

        gate.Dispose();

        var proxy = await sandbox.WaitProxyAsync(proxy => !proxy.GateConnected, "the stream's loss is noticed");
        Assert.Equal((1ul, 1ul), (proxy.Revision, proxy.GateEpoch));
        await ApiSandbox.AssertCarriesAsync(client, server);
        await sandbox.AssertCarriesAsync(listener, backend);
    }

    [Fact]
    public async Task A_newer_epoch_takes_the_stream_over_and_the_table_stays_until_its_own()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var old = await sandbox.OpenAsync(epoch: 5);
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        var table = Tables.Of(listener, Tables.Backend("s1", backend.EndPoint()));
        await old.ApplyAsync(table);
        await old.ApplyAsync(table);

        using var gate = sandbox.Connect();
        await gate.HelloAsync(6);

        var accepted = (await gate.WaitAsync(_ => true)).Accepted;
        Assert.Equal((2ul, TestGate.Heartbeat), (accepted.KeptRevision, accepted.HeartbeatInterval));
        await old.AssertEndedAsync(StatusCode.Aborted);
        await sandbox.AssertCarriesAsync(listener, backend);
        await gate.ApplyAsync(new());
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => sandbox.Rig.Connect(listener));
        using var late = sandbox.Connect();
        await late.HelloAsync(5);
        await late.AssertEndedAsync(StatusCode.FailedPrecondition);
    }

    [Fact]
    public async Task The_same_epoch_may_come_back_and_its_revisions_go_on()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var first = await sandbox.OpenAsync();
        await first.ApplyAsync(new());

        using var second = await sandbox.OpenAsync();

        await first.AssertEndedAsync(StatusCode.Aborted);
        await second.SendAsync(new() { Table = new() { Revision = 1 } });
        Assert.Contains(
            "revision", await second.AssertEndedAsync(StatusCode.InvalidArgument), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draining_backend_keeps_its_connections_and_gets_no_new_ones()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var (leaving, staying) = (sandbox.Rig.Listen(), sandbox.Rig.Listen());
        var listener = Rig.NewEndpoint();
        await gate.ApplyAsync(Tables.Of(listener, Tables.Backend("leaving", leaving.EndPoint())));
        var (client, server) = await sandbox.AssertCarriesAsync(listener, leaving);

        await gate.ApplyAsync(Tables.Of(
            listener,
            Tables.Backend("leaving", leaving.EndPoint(), directive: BackendDirective.Drain),
            Tables.Backend("staying", staying.EndPoint())));

        for (var i = 0; i < 4; i++)
            await sandbox.AssertCarriesAsync(listener, staying);
        await ApiSandbox.AssertCarriesAsync(client, server);
        Assert.Equal(1, sandbox.Rig.Count("leaving").Connected);
    }

    [Fact]
    public async Task Without_a_gate_the_proxy_passes_over_what_fails_and_says_so_until_the_next_ones_table()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        var backend = sandbox.Rig.Listen();
        var listener = Rig.NewEndpoint();
        var table = Tables.Of(
            listener, Tables.Backend("gone", Rig.Nobody()), Tables.Backend("s1", backend.EndPoint()));
        table.Pools[0].ConnectRetries = 1;
        using (var first = await sandbox.OpenAsync())
            await first.ApplyAsync(table);
        await sandbox.WaitProxyAsync(proxy => !proxy.GateConnected, "the stream's loss is noticed");

        for (var i = 0; i < 20; i++)
            await sandbox.AssertCarriesAsync(listener, backend);

        Assert.Equal(5, sandbox.Rig.Count("gone").Refused);
        var alarm = (await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call)).Alarms.Single();
        Assert.Contains("pool/gone", alarm, StringComparison.Ordinal);
        using var gate = await sandbox.OpenAsync(epoch: 2);
        var report = (await gate.WaitAsync(response => response.BackendReport?.Backend == "gone")).BackendReport;
        Assert.Contains("passed over", report.Ejected, StringComparison.Ordinal);
        await gate.ApplyAsync(table);
        Assert.Null(sandbox.Rig.Count("gone").EjectedFor);
    }

    [Fact]
    public async Task A_gate_that_falls_silent_leaves_ejection_to_the_proxy_until_it_speaks_again()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        await gate.ApplyAsync(new());
        await Poll.Until(() => sandbox.Rig.Engine.Ejects, ejects => ejects, Rig.Patience, "the proxy ejects");

        await Poll.Until(
            async () =>
            {
                await gate.SendAsync(new() { Heartbeat = new() });
                return sandbox.Rig.Engine.Ejects;
            },
            ejects => !ejects, Rig.Patience, "the gate decides");
    }

    [Fact]
    public async Task Heartbeats_go_both_ways()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        await gate.WaitAsync(response => response.HeartbeatAck is not null);
        var before = (await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call)).GateSeenAt;

        await gate.SendAsync(new() { Heartbeat = new() });

        await sandbox.WaitProxyAsync(
            proxy => proxy.GateSeenAt.ToDateTimeOffset() > before.ToDateTimeOffset(), "the gate is seen");
        await gate.WaitAsync(response => response.HeartbeatAck is not null);
    }

    [Fact]
    public async Task A_hung_loop_makes_the_heartbeats_stop()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        using var hold = new ManualResetEventSlim();
        using var held = new CountdownEvent(2);
        var hanging = Task.Run(
            () => sandbox.Rig.Engine.OnEveryLoop(_ =>
            {
                held.Signal();
                hold.Wait(Rig.Patience);
            }),
            Rig.Cancellation);
        Assert.True(held.Wait(Rig.Patience, Rig.Cancellation));

        try
        {
            // Between two reports lies a second, and about twenty heartbeats of a proxy in health.
            await gate.WaitAsync(response => response.ListenerReport is not null);
            await gate.WaitAsync(response => response.ListenerReport is not null);
            var next = await gate.WaitAsync(
                response => response.ListenerReport is not null || response.HeartbeatAck is not null);
            Assert.NotNull(next.ListenerReport);
        }
        finally
        {
            hold.Set();
        }
        await hanging;
        await gate.WaitAsync(response => response.HeartbeatAck is not null);
    }

    [Fact]
    public async Task A_stream_that_the_gate_ends_ends_well()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();

        await gate.EndAsync();

        Assert.False((await sandbox.Client.GetProxyAsync(new(), ApiSandbox.Call)).GateConnected);
    }

    private static ControlRequest Hello(Duration heartbeat) =>
        new() { Hello = new() { Epoch = 1, HeartbeatInterval = heartbeat } };

    private static Func<ControlResponse, bool> IsIn(ListenerState state) =>
        response => response.ListenerReport?.Listeners.Single().State == state;
}
