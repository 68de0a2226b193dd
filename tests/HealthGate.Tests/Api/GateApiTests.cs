using System.Text.Json.Nodes;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Tests.Checks;
using AnycastVip.HealthGate.Tests.Runtime;
using AnycastVip.Proto.V1;
using Grpc.Core;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>GateService over a real gate, by a foreign client and by the generated one.</summary>
public sealed class GateApiTests : IAsyncDisposable
{
    private static readonly Proto.V1.DrainTarget Web = new() { Vip = "web" };

    private readonly GateApiRun _run = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    [Fact]
    public async Task A_foreign_client_reads_how_everything_stands()
    {
        await _run.Start();
        await using var foreign = _run.OpenForeign();

        var vip = Single((await foreign.Call("ListVips", """{"name": "web"}""")).Only, "vips");
        Assert.Equal("web VIP_STATE_UP 1 1 1",
            Text(vip, "name", "state", "backendsUp", "backendsTotal", "backendsWanted"));
        Assert.Equal("127.0.77.50 true", Text(Single(vip, "addresses"), "address", "present"));
        Assert.Equal("web true true", Text(Single(Single(vip, "addresses"), "ports"), "pool", "listening", "proven"));
        Assert.Equal("127.0.77.50/32 true 1 1",
            Text(Single(vip, "prefixes"), "prefix", "announce", "peersAdvertised", "peersTotal"));

        var backend = Single((await foreign.Call("ListBackends", """{"pool": "web"}""")).Only, "backends");
        Assert.Equal("web s1 127.0.0.1 100 BACKEND_STATE_UP",
            Text(backend, "pool", "name", "address", "weight", "state"));

        var checks = (await foreign.Call("ListChecks")).Only["checks"]!.AsArray();
        Assert.Equal(
            ["up tcp backend web/s1 CHECK_STATE_PASSING", "self-probe tcp vip web CHECK_STATE_PASSING"],
            checks.Select(check => Text(check!, "name", "type", "target", "state").Replace(
                $" {_run.Gate.View().Vips[0].Ports[0].Endpoint}", "", Ordinal)));
        Assert.Equal(["backend web/s1"], await Targets("web/s1"));
        Assert.Equal(["backend web/s1"], await Targets("up"));
        Assert.Single(await Targets("web"));

        var explained = (await foreign.Call("ExplainVip", """{"name": "web"}""")).Only;
        Assert.Equal("web is announced", Text(explained, "verdict"));
        Assert.False(explained.AsObject().ContainsKey("firstBroken"));

        var gate = (await foreign.Call("GetGate")).Only;
        Assert.Equal("edge node.yaml 5s", Text(gate, "node", "configFile", "leaseTtl"));
        Assert.Equal($"{_run.Gate.Epoch}", Text(gate, "leaseEpoch"));
        Assert.Equal("true true", $"{Text(gate["speaker"]!, "connected")} {Text(gate["proxy"]!, "connected")}");
        Assert.StartsWith("serving: 1 of 1 VIPs announced", Text(gate, "verdict"), Ordinal);
        var (startedAt, configuredAt) = (gate["startedAt"]!.GetValue<DateTimeOffset>(), gate["configuredAt"]!);
        Assert.InRange(configuredAt.GetValue<DateTimeOffset>(), startedAt - GateRun.Patience, startedAt);

        var events = (await foreign.Call("ListEvents", """{"limit": 2, "minSeverity": "EVENT_SEVERITY_INFO"}"""))
            .Only["events"]!.AsArray();
        Assert.Equal(2, events.Count);

        async Task<IEnumerable<string>> Targets(string filter) =>
            (await foreign.Call("ListChecks", $$"""{"filter": "{{filter}}"}""")).Only["checks"]!.AsArray()
            .Select(check => Text(check!, "target"));
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_with_its_reason_and_changes_nothing()
    {
        await _run.Start();
        await using var foreign = _run.OpenForeign();
        var vip = """{"name": "api"}""";
        var noVip = "NOT_FOUND no VIP \"api\"; there are: web";
        var tooLong = new string('ü', 128);
        (string Method, string Request, string Expected)[] cases =
        [
            ("ListVips", vip, noVip),
            ("WatchVips", vip, noVip),
            ("ExplainVip", vip, noVip),
            ("Drain", """{"target": {"vip": "api"}}""", noVip),
            ("Undrain", """{"target": {"vip": "api"}}""", noVip),
            ("ListBackends", """{"pool": "api"}""", "NOT_FOUND no pool \"api\"; there are: web"),
            ("WatchBackends", """{"pool": "api"}""", "NOT_FOUND no pool \"api\"; there are: web"),
            ("Drain", """{"target": {"backend": {"pool": "api", "backend": "s1"}}}""",
                "NOT_FOUND no pool \"api\"; there are: web"),
            ("Drain", """{"target": {"backend": {"pool": "web", "backend": "s2"}}}""",
                "NOT_FOUND no backend of pool web \"s2\"; there are: s1"),
            ("ListChecks", """{"filter": "api"}""",
                "NOT_FOUND no check, VIP or POOL/BACKEND \"api\"; there are: up, self-probe, web, web/s1"),
            ("ListEvents", """{"limit": 10001}""", "INVALID_ARGUMENT limit is 10001: at most 10000"),
            ("WatchEvents", """{"limit": 10001}""", "INVALID_ARGUMENT limit is 10001: at most 10000"),
            ("Drain", "{}", "INVALID_ARGUMENT target is not set: name the node, a VIP or a backend"),
            ("Undrain", "{}", "INVALID_ARGUMENT target is not set: name the node, a VIP or a backend"),
            ("Drain", $$$"""{"target": {"node": {}}, "reason": "{{{tooLong}}}"}""",
                "INVALID_ARGUMENT reason must be at most 255 octets of UTF-8 (RFC 9003)"),
            ("Drain", """{"target": {"node": {}}, "connectionTimeout": "86401s"}""",
                "INVALID_ARGUMENT connection_timeout must be 0s to 24h"),
            ("Drain", """{"target": {"node": {}}, "connectionTimeout": "-1s"}""",
                "INVALID_ARGUMENT connection_timeout must be 0s to 24h"),
            ("Drain", """{"target": {"peer": "tor1"}}""",
                "UNIMPLEMENTED draining a single peer is not supported yet; "
                + "vipctl peers shutdown NAME closes its session"),
        ];
        foreach (var (method, request, expected) in cases)
        {
            var answer = await foreign.Call(method, request);
            Assert.Equal($"{method} {expected}", $"{method} {answer.Code} {answer.Details}");
            Assert.Empty(answer.Answers);
        }
        Assert.Empty((await foreign.Call("ListDrains")).Only.AsObject());
    }

    [Fact]
    public async Task A_foreign_client_drains_and_undrains()
    {
        await _run.Start();
        await using var foreign = _run.OpenForeign();

        var plan = (await foreign.Call("Drain", """{"target": {"vip": "web"}, "dryRun": true}""")).Only;
        Assert.Contains("vip web: close the listeners", plan["plan"]!.AsArray().Select(step => $"{step}"));
        Assert.Empty(_run.Gate.View().Drains.Orders);

        var drain = await foreign.Call("Drain", """{"target": {"vip": "web"}, "reason": "upgrade"}""");
        Assert.Equal(("OK", "DRAIN_PHASE_DONE"), (drain.Code, Text(drain.Answers[^1], "phase")));
        Assert.DoesNotContain(drain.Answers.SkipLast(1), answer => Text(answer, "phase") == "DRAIN_PHASE_DONE");

        var active = Single((await foreign.Call("ListDrains")).Only, "drains");
        // Nobody was named: it is whoever holds the other end of the socket.
        Assert.Equal($"upgrade {Environment.UserName} DRAIN_PHASE_DONE", Text(active, "reason", "orderedBy", "phase"));
        Assert.Equal("web", Text(active["target"]!, "vip"));

        var undrain = await foreign.Call("Undrain", """{"target": {"vip": "web"}, "orderedBy": "grace"}""");
        Assert.Equal(("OK", "DRAIN_PHASE_DONE"), (undrain.Code, Text(undrain.Answers[^1], "phase")));
        Assert.Equal(
            $"undrained by grace; it was drained by {Environment.UserName}: upgrade",
            _run.Gate.Events.Read(new() { Subject = "vip web" }).Events
                .Last(happened => happened.Kind == HealthGate.Engine.EventKind.Drain).Text);
        var nothing = (await foreign.Call("Undrain", """{"target": {"vip": "web"}}""")).Only;
        Assert.Equal("DRAIN_PHASE_DONE vip web is not drained", Text(nothing, "phase", "text"));
    }

    [Fact]
    public async Task A_foreign_client_watches_and_is_answered_at_once()
    {
        await _run.Start();
        await using var foreign = _run.OpenForeign();

        Assert.Equal("web", Text(Single((await foreign.Call("WatchVips", take: 1)).Only, "vips"), "name"));
        Assert.Equal("s1", Text(Single((await foreign.Call("WatchBackends", take: 1)).Only, "backends"), "name"));
        // No event at all is an answer too.
        Assert.Empty((await foreign.Call("WatchEvents", """{"subject": "vip none"}""", take: 1)).Only.AsObject());
    }

    [Fact]
    public async Task A_foreign_client_reloads_the_configuration()
    {
        var asked = new List<bool>();
        _run.Reload = dryRun =>
        {
            asked.Add(dryRun);
            return Task.FromResult<HealthGate.Api.ReloadOutcome>(new(
                !dryRun, [new(Severity.Warning, "node.yaml", 3, 7, "unused")],
                [new("vips.web.announce.med", null, "5", "speaker")]));
        };
        await _run.Start();
        await using var foreign = _run.OpenForeign();

        var judged = (await foreign.Call("ReloadConfig", """{"dryRun": true}""")).Only;
        Assert.Null(judged["applied"]);
        Assert.Equal("EVENT_SEVERITY_WARNING node.yaml 3 7 unused",
            Text(Single(judged, "diagnostics"), "severity", "file", "line", "column", "text"));
        var change = Single(judged, "changes");
        Assert.Equal("vips.web.announce.med 5 speaker", Text(change, "path", "newValue", "needsRestartOf"));
        Assert.Null(change["oldValue"]);

        Assert.Equal("true", Text((await foreign.Call("ReloadConfig")).Only, "applied"));
        Assert.Equal([true, false], asked);
    }

    [Fact]
    public async Task A_drain_that_is_taken_back_is_ABORTED()
    {
        await _run.Start(Patient());
        using var drain = _run.Client.Drain(new() { Target = Web }, cancellationToken: Cancel);
        Assert.True(await drain.ResponseStream.MoveNext(Cancel));
        Assert.Equal(DrainPhase.Depreferred, drain.ResponseStream.Current.Phase);

        using var undrain = _run.Client.Undrain(new() { Target = Web }, cancellationToken: Cancel);
        var answers = await Read(undrain.ResponseStream);

        Assert.Equal(DrainPhase.Done, answers[^1].Phase);
        var error = await Assert.ThrowsAsync<RpcException>(() => Read(drain.ResponseStream));
        Assert.Equal(
            (StatusCode.Aborted, "vip web was undrained before the end"), (error.StatusCode, error.Status.Detail));
    }

    [Fact]
    public async Task A_drain_that_the_gates_stop_cuts_off_is_ABORTED_and_stays_in_force()
    {
        await _run.Start(Patient());
        using var drain = _run.Client.Drain(new() { Target = Web }, cancellationToken: Cancel);
        Assert.True(await drain.ResponseStream.MoveNext(Cancel));

        await _run.Stop();

        var error = await Assert.ThrowsAsync<RpcException>(() => Read(drain.ResponseStream));
        Assert.Equal(
            (StatusCode.Aborted, "the gate stopped before the end; vip web stays drained"),
            (error.StatusCode, error.Status.Detail));
    }

    [Fact]
    public async Task A_drain_that_is_repeated_joins_with_its_reason_and_keeps_its_time()
    {
        await _run.Start(Patient());
        using var first = _run.Client.Drain(new() { Target = Web, Reason = "one" }, cancellationToken: Cancel);
        Assert.True(await first.ResponseStream.MoveNext(Cancel));
        var before = (await _run.Client.ListDrainsAsync(new(), cancellationToken: Cancel)).Drains.Single();

        using var second = _run.Client.Drain(
            new() { Target = Web, Reason = "two", OrderedBy = "ada" }, cancellationToken: Cancel);
        Assert.True(await second.ResponseStream.MoveNext(Cancel));

        var after = (await _run.Client.ListDrainsAsync(new(), cancellationToken: Cancel)).Drains.Single();
        Assert.Equal(
            ("two", "ada", before.OrderedAt, DrainPhase.Depreferred),
            (after.Reason, after.OrderedBy, after.OrderedAt, after.Phase));
    }

    [Fact]
    public async Task An_order_for_what_a_reload_removed_can_be_taken_back()
    {
        await _run.Start();
        await _run.Gate.DrainAsync(new(
            new HealthGate.Drain.DrainTarget.Vip("web"), "old", "ada", TimeProvider.System.GetUtcNow()));
        await _run.Gate.ReconfigureAsync(_run.Options with { Vips = [], Pools = [] });

        using var undrain = _run.Client.Undrain(new() { Target = Web }, cancellationToken: Cancel);

        Assert.Equal(DrainPhase.Done, (await Read(undrain.ResponseStream))[^1].Phase);
        Assert.Empty(_run.Gate.View().Drains.Orders);
    }

    [Fact]
    public async Task A_watcher_of_VIPs_gets_one_answer_for_all_changes_of_its_interval()
    {
        var clock = new FakeClock();
        await _run.Start(clock: clock);
        using var watch = _run.Client.WatchVips(new(), cancellationToken: Cancel);
        Assert.True(await watch.ResponseStream.MoveNext(Cancel));

        await Change(2);
        await Poll.Until(() => clock.Waiting, waiting => waiting == 1, GateRun.Patience, "the interval has begun");
        var next = watch.ResponseStream.MoveNext(Cancel);
        await Change(10);
        // The answers of other calls go the same way: nothing is on its way before them.
        await _run.Client.ListDrainsAsync(new(), cancellationToken: Cancel);
        Assert.False(next.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(100));

        Assert.True(await next);
    }

    [Fact]
    public async Task A_watcher_of_events_gets_the_last_ones_and_each_new_one()
    {
        await _run.Start();
        var last = _run.Gate.Events.LastId;
        using var watch = _run.Client.WatchEvents(
            new() { AfterId = last - 1, Subject = "vip web" }, cancellationToken: Cancel);
        Assert.True(await watch.ResponseStream.MoveNext(Cancel));
        Assert.Equal(0UL, watch.ResponseStream.Current.Lost);

        await _run.Gate.DrainAsync(new(
            new HealthGate.Drain.DrainTarget.Vip("web"), "upgrade", "ada", TimeProvider.System.GetUtcNow()));

        Assert.True(await watch.ResponseStream.MoveNext(Cancel));
        var first = watch.ResponseStream.Current.Events[0];
        Assert.Equal(
            ("drained by ada: upgrade", Proto.V1.EventKind.Drain, EventSeverity.Info, 0UL),
            (first.Text, first.Kind, first.Severity, first.CauseId));
        Assert.True(first.Id > last);
    }

    // A drain that goes no further than its first step.
    private GateOptions Patient() => _run.Options with
    {
        Vips =
        [
            .. _run.Options.Vips.Select(vip => vip with
            {
                Settings = vip.Settings with { Drain = new() { HoldBeforeWithdraw = TimeSpan.FromHours(1) } },
            }),
        ],
    };

    private async Task Change(int times)
    {
        for (var i = 0; i < times; i++)
            await _run.Gate.UndrainAsync(new HealthGate.Drain.DrainTarget.Node(), "ada");
    }

    private static async Task<List<DrainProgress>> Read(IAsyncStreamReader<DrainProgress> stream)
    {
        List<DrainProgress> all = [];
        await foreach (var progress in stream.ReadAllAsync(Cancel))
            all.Add(progress);
        return all;
    }

    private static JsonNode Single(JsonNode message, string field) => Assert.Single(message[field]!.AsArray())!;

    private static string Text(JsonNode message, params string[] fields) =>
        string.Join(' ', fields.Select(field => $"{message[field]}"));
}
