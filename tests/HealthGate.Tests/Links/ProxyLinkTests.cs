using System.Net;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Links;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using BackendState = AnycastVip.HealthGate.Health.BackendState;
using ConnectionSelector = AnycastVip.HealthGate.Engine.ConnectionSelector;

namespace AnycastVip.HealthGate.Tests.Links;

/// <summary>The gate's end of the control stream, against a proxy that says what the test says.</summary>
public sealed class ProxyLinkTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly LinkRun _run = new();
    private readonly ScriptedProxy _proxy = new();

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    [Fact]
    public async Task The_hello_carries_epoch_and_heartbeat_and_the_kept_table_is_told()
    {
        await _run.Serve(_proxy);
        Start();

        var stream = await _proxy.Streams.Next();
        var hello = (await stream.Receive()).Hello;
        await stream.Send(new() { Accepted = new() { KeptRevision = 41 } });

        Assert.Equal(7UL, hello.Epoch);
        Assert.Equal(TimeSpan.FromMilliseconds(400), hello.HeartbeatInterval.ToTimeSpan());
        Assert.Equal(new ProxyConnected(41), await _run.Next());
    }

    // Every field set but the limits, and what it is on the wire.
    private static readonly ListenerOptions FullListener = new(80, "web", 70, TimeSpan.FromMinutes(1))
    {
        Sni = new([new(["a.example"], ["h2"], "web")], ResetsOthers: true),
        ProxyProtocol = new([IPNetwork.Parse("10.0.0.0/8")], TimeSpan.FromSeconds(3)),
    };

    private static readonly ListenerSpec FullSpec = new()
    {
        Vip = "web", Address = "203.0.113.50", Port = 80, Pool = "web", MaxConnections = 70,
        Sni = new()
        {
            Routes = { new SniRoute { Names = { "a.example" }, Protocols = { "h2" }, Pool = "web" } },
            ResetOthers = true,
        },
        ProxyProtocol = new() { From = { "10.0.0.0/8" }, Timeout = new() { Seconds = 3 } },
        IdleTimeout = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
    };

    [Fact]
    public async Task The_whole_table_goes_down_as_the_engine_has_it()
    {
        var link = await Connected();
        var check = new CheckOptions("up", new CheckKind.Tcp(), new());
        var pool = new PoolOptions
        {
            Name = "web",
            Balance = Balance.RoundRobin,
            Check = check,
            ConnectTimeout = TimeSpan.FromMilliseconds(300),
            ConnectRetries = 3,
            SendProxyProtocol = ProxyProtocol.Version2,
            Queue = new(6, TimeSpan.FromSeconds(8)),
            SlowStart = TimeSpan.FromSeconds(30),
            Backends = [],
        };
        var options = new BackendOptions("s1", IPEndPoint.Parse("[2001:db8::1]:8081"), 50, 9) { IsBackup = true };

        link.Link.Send(new SendTable(
            5,
            [new("web", IPAddress.Parse("203.0.113.50"), FullListener)],
            [new(pool, [new(options, BackendState.Drain, 4)])],
            1000));

        var expected = new ProxyTable
        {
            Revision = 5,
            MaxConnections = 1000,
            Listeners = { FullSpec },
            Pools =
            {
                new PoolSpec
                {
                    Name = "web", Balance = BalanceAlgorithm.RoundRobin, ConnectRetries = 3,
                    ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(300)),
                    SendProxyProtocol = ProxyProtocolVersion._2,
                    QueueSize = 6, QueueTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(8)),
                    Backends =
                    {
                        new BackendSpec
                        {
                            Name = "s1", Address = "2001:db8::1", Port = 8081, Weight = 50, MaxConnections = 9,
                            Directive = BackendDirective.Drain, Generation = 4, Backup = true,
                            SlowStart = Duration.FromTimeSpan(TimeSpan.FromSeconds(30)),
                        },
                    },
                },
            },
        };
        Assert.Equal(expected, (await link.Stream.Receive()).Table);
    }

    [Fact]
    public async Task The_limits_of_a_listener_go_down_as_the_engine_has_them()
    {
        var link = await Connected();
        var listener = new ListenerOptions(80, "web")
        {
            HalfClosedTimeout = TimeSpan.FromSeconds(11),
            TotalTimeout = TimeSpan.FromSeconds(12),
            FirstOctetTimeout = TimeSpan.FromSeconds(13),
            UserTimeout = TimeSpan.FromSeconds(14),
            KeepAlive = new(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(16), 17),
            DefersAccept = true,
            PerSource = new(18, 19, 20, 21, 22),
        };

        link.Link.Send(new SendTable(1, [new("web", IPAddress.Parse("203.0.113.50"), listener)], [], 0));

        Assert.Equal(
            new()
            {
                Vip = "web", Address = "203.0.113.50", Port = 80, Pool = "web",
                HalfClosedTimeout = new() { Seconds = 11 }, TotalTimeout = new() { Seconds = 12 },
                FirstOctetTimeout = new() { Seconds = 13 }, UserTimeout = new() { Seconds = 14 },
                KeepAlive = new() { Idle = new() { Seconds = 15 }, Interval = new() { Seconds = 16 }, Probes = 17 },
                DeferAccept = true,
                PerSource = new()
                {
                    Connections = 18, Rate = 19, Burst = 20, Ipv4Prefix = 21, Ipv6Prefix = 22,
                },
            },
            (await link.Stream.Receive()).Table.Listeners.Single());
    }

    [Fact]
    public async Task Every_way_to_balance_goes_down_by_its_name_and_source_persistence_with_it()
    {
        var link = await Connected();
        var check = new CheckOptions("up", new CheckKind.Tcp(), new());
        var ways = System.Enum.GetValues<Balance>();
        var persistence = new PersistenceOptions(TimeSpan.FromSeconds(18), 24, 56, 500);

        link.Link.Send(new SendTable(
            1,
            [],
            [
                .. ways.Select(balance => new TablePool(
                    new()
                    {
                        Name = $"{balance}",
                        Balance = balance,
                        Persistence = balance == Balance.Maglev ? persistence : null,
                        Check = check,
                        Backends = [],
                    },
                    [])),
            ],
            0));

        var pools = (await link.Stream.Receive()).Table.Pools;
        Assert.Equal(ways.Select(balance => $"{balance}"), pools.Select(pool => $"{pool.Balance}"));
        Assert.Equal(
            new() { Ttl = new() { Seconds = 18 }, Ipv4Prefix = 24, Ipv6Prefix = 56, MaxEntries = 500 },
            Assert.Single(pools, pool => pool.Persistence is not null).Persistence);
    }

    [Fact]
    public async Task Orders_to_count_and_to_close_go_down_in_their_order_by_the_wall_clock()
    {
        var link = await Connected();
        var since = _run.Clock.Now - TimeSpan.FromMinutes(1);
        var selector = new ConnectionSelector("web", "", "");

        link.Link.Send(new CountVipConnections(1, selector, since));
        link.Link.Send(new CloseVipConnections(2, selector with { Pool = "web", Backend = "s1" }, null));
        link.Link.Send(new CloseVipConnections(3, selector, null, new(Step, 2 * Step)));

        var count = (await link.Stream.Receive()).CountConnections;
        var age = _run.Clock.GetUtcNow() - count.StrandedSince.ToDateTimeOffset();
        Assert.InRange(age, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1) + LinkRun.Patience);
        Assert.Equal((1UL, "web"), (count.RequestId, count.Selector.Vip));
        var close = (await link.Stream.Receive()).CloseConnections;
        Assert.Equal(
            new() { RequestId = 2, Selector = new() { Vip = "web", Pool = "web", Backend = "s1" } }, close);
        close = (await link.Stream.Receive()).CloseConnections;
        Assert.Equal((Step, 2 * Step), (close.Spread.ToTimeSpan(), close.Grace.ToTimeSpan()));
    }

    public static TheoryData<string, GateInput> Answers => new()
    {
        {
            """{"connectFailure": {"pool": "p", "backend": "b", "generation": 3, "kind": 1}}""",
            new ConnectFailed("p", "b", 3, Observation.Refused)
        },
        {
            """{"connectFailure": {"pool": "p", "backend": "b", "generation": 3, "kind": 2}}""",
            new ConnectFailed("p", "b", 3, Observation.Reset)
        },
        {
            """{"connectFailure": {"pool": "p", "backend": "b", "generation": 3, "kind": 3}}""",
            new ConnectFailed("p", "b", 3, Observation.TimedOut)
        },
        {
            """{"connectFailure": {"pool": "p", "backend": "b", "generation": 3, "kind": 4}}""",
            new ConnectFailed("p", "b", 3, Observation.TimedOut)
        },
        {
            """{"backendReport": {"pool": "p", "backend": "b", "connections": 4, "connectLatencyP50": "0.002s"}}""",
            new BackendReported("p", "b", 4, TimeSpan.FromMilliseconds(2), null)
        },
        { """{"connectionsClosed": {"requestId": 5, "closed": 6}}""", new ConnectionsClosedByProxy(5, 6) },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_the_proxy_says_reaches_the_engine(string response, GateInput expected)
    {
        var link = await Connected();

        // A failure on the proxy's own side comes first and says nothing.
        await link.Stream.Send(new() { ConnectFailure = new() { Pool = "p", Kind = ConnectFailureKind.Local } });
        await link.Stream.Send(ControlResponse.Parser.ParseJson(response));

        Assert.Equal(expected, await _run.Next());
    }

    [Fact]
    public async Task Reports_with_lists_reach_the_engine()
    {
        var link = await Connected();

        await link.Stream.Send(ControlResponse.Parser.ParseJson(
            """
            {"tableResult": {"revision": 2, "refusedWhole": true, "refused": [{"entry": "pool p", "text": "no"}]}}
            """));
        await link.Stream.Send(ControlResponse.Parser.ParseJson(
            """
            {"listenerReport": {"listeners": [
              {"address": "203.0.113.50", "port": 80, "state": 1, "counters": {"accepted": 3}},
              {"address": "2001:db8::50", "port": 81, "state": 2, "reason": "port taken"},
              {"address": "2001:db8::50", "port": 82, "state": 3, "reason": "full"},
              {"address": "2001:db8::50", "port": 83, "state": 4, "reason": "no descriptor"}]}}
            """));
        await link.Stream.Send(new()
        {
            ConnectionCounts = new()
            {
                RequestId = 9, Fed = 1, Stranded = 2, Accepted = 3,
                At = _run.Clock.GetUtcNow().ToTimestamp(),
            },
        });

        var table = Assert.IsType<TableApplied>(await _run.Next());
        Assert.Equal((2UL, true, "pool p: no"), (table.Revision, table.IsRefusedWhole, Assert.Single(table.Refused)));
        var listeners = Assert.IsType<ListenersReported>(await _run.Next()).Listeners;
        Assert.Equal(
            [
                new(IPEndPoint.Parse("203.0.113.50:80"), true, "", 3),
                new(IPEndPoint.Parse("[2001:db8::50]:81"), false, "port taken", 0),
                new(IPEndPoint.Parse("[2001:db8::50]:82"), true, "full", 0),
                new(IPEndPoint.Parse("[2001:db8::50]:83"), false, "no descriptor", 0),
            ],
            listeners);
        var counts = Assert.IsType<ConnectionsCountedByProxy>(await _run.Next());
        Assert.Equal((9UL, 1, 2, 3UL), (counts.RequestId, counts.Fed, counts.Stranded, counts.Accepted));
        Assert.InRange(counts.At, _run.Clock.Now - LinkRun.Patience, _run.Clock.Now);
    }

    [Fact]
    public async Task A_proxy_that_hands_over_is_not_lost_and_its_successor_gets_a_stream_at_once()
    {
        var link = await Connected();

        await link.Stream.Send(new() { HandedOver = new() });
        var successor = await _proxy.Streams.Next();
        Assert.Equal(7UL, (await successor.Receive()).Hello.Epoch);
        await successor.Send(new() { Accepted = new() { KeptRevision = 5 } });

        Assert.Equal(new ProxyHandedOver(), await _run.Next());
        Assert.Equal(new ProxyConnected(5), await _run.Next());
    }

    [Fact]
    public async Task A_proxy_that_reports_but_sends_no_heartbeat_is_lost_and_asked_again()
    {
        var link = await Connected();

        var lost = Assert.IsType<ProxyLost>(await _run.NextWhileReporting<ListenersReported>(
            () => link.Stream.Send(new() { ListenerReport = new() }), Step));

        Assert.Contains("no sign of life for 900 ms", lost.Reason, Ordinal);
        Assert.Equal(7UL, (await (await _proxy.Streams.Next()).Receive()).Hello.Epoch);
    }

    [Fact]
    public async Task A_proxy_that_sends_heartbeats_is_kept_and_each_is_answered()
    {
        var link = await Connected();
        for (var round = 0; round < 6; round++)
        {
            _run.Clock.Advance(TimeSpan.FromMilliseconds(500));
            await link.Stream.Send(new() { HeartbeatAck = new() });
            Assert.NotNull((await link.Stream.Receive()).Heartbeat);
        }
    }

    [Fact]
    public async Task A_gate_that_hangs_sends_no_heartbeat()
    {
        var link = await Connected();
        var turned = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        _run.Turn = () =>
        {
            asked.TrySetResult();
            return turned.Task;
        };
        await link.Stream.Send(new() { HeartbeatAck = new() });
        await asked.Task.WaitAsync(LinkRun.Patience, TimeProvider.System, TestContext.Current.CancellationToken);

        link.Link.Send(new CloseVipConnections(1, new("", "", ""), null));
        Assert.NotNull((await link.Stream.Receive()).CloseConnections);

        turned.SetResult();
        Assert.NotNull((await link.Stream.Receive()).Heartbeat);
    }

    [Fact]
    public async Task Each_refused_attempt_is_told_until_the_proxy_is_there()
    {
        Start();
        for (var attempt = 0; attempt < 4; attempt++)
            Assert.Contains(
                "no such socket", Assert.IsType<ProxyLost>(await _run.NextInTime(Step)).Reason, Ordinal);

        await _run.Serve(_proxy);

        await _run.PassUntil(() => _proxy.Streams.IsOpened, Step);
        var stream = await _proxy.Streams.Next();
        await stream.Send(new() { Accepted = new() });
        while (await _run.Next() is not ProxyConnected)
        {
        }
    }

    [Fact]
    public async Task A_stream_that_the_proxy_ends_is_opened_again_at_once()
    {
        var link = await Connected();

        link.Stream.End();

        Assert.Contains("it ended the stream", Assert.IsType<ProxyLost>(await _run.Next()).Reason, Ordinal);
        await _proxy.Streams.Next();
    }

    [Theory]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.FailedPrecondition)]
    public async Task A_proxy_that_another_gate_holds_is_asked_seldom(StatusCode code)
    {
        var link = await Connected();

        link.Stream.End(code, "is a second gate running?");

        Assert.Equal(new ProxyLost("is a second gate running?"), await _run.Next());
        var lostAt = _run.Clock.Now;
        await _run.PassUntil(() => _proxy.Streams.IsOpened, Step);
        Assert.InRange(_run.Clock.Now - lostAt, TimeSpan.FromSeconds(5), TimeSpan.MaxValue);
    }

    [Fact]
    public async Task What_cannot_be_read_is_a_lost_stream()
    {
        var link = await Connected();

        await link.Stream.Send(ControlResponse.Parser.ParseJson(
            """{"listenerReport": {"listeners": [{"address": "nowhere"}]}}"""));

        Assert.Contains("cannot be read", Assert.IsType<ProxyLost>(await _run.Next()).Reason, Ordinal);
    }

    [Fact]
    public async Task At_the_end_what_waits_is_written_and_nothing_is_lost()
    {
        var link = await Connected();
        var all = link.Stream.ReadAll().ToListAsync(TestContext.Current.CancellationToken);

        link.Link.Send(new SendTable(5, [], [], 0));
        var ending = link.Link.DisposeAsync();

        Assert.Equal([5UL], (await all).Select(request => request.Table.Revision));
        link.Stream.End();
        await ending;
        Assert.True(link.Link.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_proxy_that_hangs_does_not_hold_the_end_up()
    {
        var link = await Connected();

        var ending = link.Link.DisposeAsync().AsTask();

        await _run.PassUntil(() => ending.IsCompleted, Step);
        await ending;
    }

    private ProxyLink Start()
    {
        var link = _run.Keep(new ProxyLink(_run.Options, epoch: 7));
        link.Start();
        return link;
    }

    private async Task<(ProxyLink Link, ScriptedStream<ControlRequest, ControlResponse> Stream)> Connected()
    {
        await _run.Serve(_proxy);
        var link = Start();
        var stream = await _proxy.Streams.Next();
        await stream.Receive();
        await stream.Send(new() { Accepted = new() });
        Assert.IsType<ProxyConnected>(await _run.Next());
        Assert.NotNull((await stream.Receive()).Heartbeat);
        return (link, stream);
    }
}
