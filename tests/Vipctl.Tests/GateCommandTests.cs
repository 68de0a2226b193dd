using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Tests;

/// <summary>What vipctl shows of a gate, against one that answers as the test has it.</summary>
public sealed class GateCommandTests
{
    [Theory]
    [InlineData("vips", "{ }", "web")]
    [InlineData("vips web", """{ "name": "web" }""", "web")]
    [InlineData("vips --watch", "{ }", "web")]
    [InlineData("backends", "{ }", "s1")]
    [InlineData("backends web", """{ "pool": "web" }""", "s1")]
    [InlineData("backends web --watch", """{ "pool": "web" }""", "s1")]
    [InlineData("checks", "{ }", "http-ok")]
    [InlineData("checks web/s1", """{ "filter": "web/s1" }""", "http-ok")]
    [InlineData("drains", "{ }", "vip web")]
    [InlineData("events", "{ }", "")]
    [InlineData(
        "events --severity warning --limit 5 --after 41 --subject node",
        """{ "afterId": "41", "subject": "node", "minSeverity": "EVENT_SEVERITY_WARNING", "limit": 5 }""",
        "")]
    [InlineData("config reload", "{ }", "nothing differs")]
    [InlineData("config reload --dry-run", """{ "dryRun": true }""", "nothing differs")]
    [InlineData("explain vip web", """{ "name": "web" }""", "RESULT")]
    public async Task A_call_asks_for_what_the_command_line_says_and_shows_the_answer(
        string line, string request, string shown)
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        var run = await node.RunAsync(line);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(request, $"{gate.Asked}");
        Assert.Contains(shown, run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vips dns")]
    [InlineData("vips dns --watch")]
    [InlineData("explain vip dns")]
    public async Task An_unknown_VIP_exits_4_with_the_gates_line(string line)
    {
        var (node, _) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        var run = await node.RunAsync(line);
        Assert.Equal((4, "", "vipctl: no VIP 'dns'; there is web\n"), (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task Explain_exits_1_for_a_broken_chain_and_names_the_first_broken_link_with_its_remedy()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Explanation.Verdict = "web is not announced";
        gate.Explanation.Links.Add(new ExplainLink { Step = ExplainStep.Drain, Result = ExplainResult.Ok });
        gate.Explanation.Links.Add(new ExplainLink
        {
            Step = ExplainStep.Address,
            Result = ExplainResult.Broken,
            Text = "not on lo",
            Remedy = "give the gate CAP_NET_ADMIN",
        });
        gate.Explanation.FirstBroken = 1;
        var run = await node.RunAsync("explain vip web");
        Assert.Equal((1, ""), (run.ExitCode, run.Error));
        Assert.StartsWith(
            "web is not announced\nbroken at 2, address: not on lo\nremedy: give the gate CAP_NET_ADMIN\n\n",
            run.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_follow_stand_under_the_first_ones_and_a_gap_is_said()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        // Whoever asks for the newest events knows that there were older ones.
        gate.Events.Lost = 100;
        gate.Events.Events.Add(Happened(1));
        gate.NewEvents = async (events, _) =>
        {
            await events.WriteAsync(new() { Events = { Happened(2) } });
            await events.WriteAsync(new() { Events = { Happened(9) }, Lost = 6 });
        };
        var run = await node.RunAsync("events --follow -o jsonl");
        Assert.Equal((0, 3), (run.ExitCode, run.Output.Count(c => c == '\n')));
        Assert.Equal("vipctl: 6 events are missing here: not kept any more, or read too slowly\n", run.Error);
    }

    [Fact]
    public async Task Events_after_one_that_is_not_kept_any_more_say_how_many_are_missing()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Events.Lost = 100;
        Assert.Equal("", (await node.RunAsync("events")).Error);
        Assert.Contains("100 events", (await node.RunAsync("events --after 5")).Error, StringComparison.Ordinal);
        Assert.Contains("100 events", (await node.RunAsync("events -f --after 5")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Following_events_ends_with_an_interrupt()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Events.Events.Add(Happened(1));
        gate.NewEvents = (_, context) => Fate.Hang(context);
        using var interrupt = new CancellationTokenSource();
        var output = new LiveText();
        var run = node.RunAsync("events -f", output, interrupt.Token);
        await Poll.Until(output.ToString, text => text.Contains("#1"), NodeSandbox.Patience, "the first event");
        await interrupt.CancelAsync();
        Assert.Equal((130, ""), ((await run).ExitCode, (await run).Error));
    }

    [Fact]
    public async Task A_gate_that_dies_under_a_follower_exits_3()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.NewEvents = (_, context) => Fate.Die(context);
        var run = await node.RunAsync("events -f");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains($"{node.Socket("gate")}: the connection broke", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_of_a_file_with_errors_exits_2_and_shows_each_with_its_place()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Reload.Diagnostics.Add(new ConfigDiagnostic
        {
            Severity = EventSeverity.Error,
            File = "node.yaml",
            Line = 3,
            Column = 5,
            Text = "unknown key `adress` (did you mean `address`?)",
        });
        var run = await node.RunAsync("config reload");
        Assert.Equal((2, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("node.yaml:3:5: error: unknown key `adress`", run.Output, StringComparison.Ordinal);
    }

    private static Event Happened(ulong id) => new() { Id = id, Subject = "node", Text = "something" };
}
