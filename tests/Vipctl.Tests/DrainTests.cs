using AnycastVip.Proto.V1;
using Grpc.Core;

namespace AnycastVip.Vipctl.Tests;

/// <summary>Drain and undrain against a gate that answers as the test has it.</summary>
public sealed class DrainTests
{
    private static readonly DrainProgress Ordered = new() { Phase = DrainPhase.Ordered, Text = "saved" };

    private static readonly DrainProgress Waiting = new()
    {
        Phase = DrainPhase.Connections,
        Connections = new() { Exact = true, Fed = 2, Stranded = 1, NewTotal = 5 },
    };

    private static readonly DrainProgress Done = new()
    {
        Phase = DrainPhase.Done,
        Text = "web is drained",
        Connections = new() { Exact = true, NewTotal = 5 },
    };

    [Fact]
    public async Task A_drain_shows_a_line_for_each_change_until_it_is_done()
    {
        var uncounted = new DrainProgress { Phase = DrainPhase.Connections, Connections = new() };
        var run = await RunAsync("drain vip web", Answers(Ordered, Ordered, uncounted, uncounted, Waiting, Done));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            """
            ordered: saved
            connections; connections not counted yet
            connections; connections: 2 fed, 1 stranded, 5 new since the order (0 in the last second)
            done: web is drained; connections: 0 fed, 0 stranded, 5 new since the order (0 in the last second)

            """,
            run.Output);
    }

    [Fact]
    public async Task On_a_terminal_a_drain_has_one_line()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Progress = Answers(Ordered, Waiting, Done);
        var run = await node.RunAsync("drain vip web", context => context with { IsScreen = true });
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(3, run.Output.Count(c => c == '\r'));
        Assert.Equal(1, run.Output.Count(c => c == '\n'));
        Assert.EndsWith("in the last second)\e[?7h\e[K\n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drain node", """{ "target": { "node": { } } }""")]
    [InlineData("drain vip web", """{ "target": { "vip": "web" } }""")]
    [InlineData("drain backend web/s1", """{ "target": { "backend": { "pool": "web", "backend": "s1" } } }""")]
    [InlineData(
        "drain node --reason upgrade --timeout 5m",
        """{ "target": { "node": { } }, "reason": "upgrade", "connectionTimeout": "300s" }""")]
    [InlineData(
        "drain node --timeout 0s --dry-run",
        """{ "target": { "node": { } }, "connectionTimeout": "0s", "dryRun": true }""")]
    [InlineData("undrain node", """{ "target": { "node": { } } }""")]
    [InlineData("undrain backend web/s1 --dry-run",
        """{ "target": { "backend": { "pool": "web", "backend": "s1" } }, "dryRun": true }""")]
    public async Task The_order_reaches_the_gate_as_it_was_given(string line, string expected)
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        var run = await node.RunAsync(line);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(expected, $"{gate.Asked}");
        Assert.IsType(
            line.StartsWith("un", StringComparison.Ordinal) ? typeof(UndrainRequest) : typeof(DrainRequest),
            gate.Asked);
    }

    [Fact]
    public async Task A_dry_run_shows_the_plan()
    {
        var plan = new DrainProgress { Plan = { "save the order", "withdraw 203.0.113.50/32" } };
        var run = await RunAsync("drain vip web --dry-run", Answers(plan));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal("1. save the order\n2. withdraw 203.0.113.50/32\n", run.Output);
    }

    [Fact]
    public async Task Without_waiting_it_returns_once_the_order_is_in_force()
    {
        var run = await RunAsync("drain vip web --no-wait", AnswersAndHangs(Ordered));
        Assert.Equal((0, "ordered: saved\n"), (run.ExitCode, run.Output));
        Assert.Contains("stays in force", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wait_that_times_out_exits_5_and_says_that_the_order_stays_in_force()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Progress = AnswersAndHangs(Ordered);
        var run = await node.RunAsync(
            "drain vip web --wait-timeout 2s", text => text.Contains("saved"), TimeSpan.FromSeconds(2));
        Assert.Equal(5, run.ExitCode);
        Assert.Contains("the drain of vip web stays in force", run.Error, StringComparison.Ordinal);
        Assert.Contains("'vipctl undrain vip web'", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drain vip web", "the drain of vip web stays in force")]
    [InlineData("undrain vip web", "the drain of vip web is taken back")]
    public async Task An_interrupted_wait_exits_130_and_says_that_the_order_stays_in_force(string line, string standing)
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Progress = AnswersAndHangs(Ordered);
        using var interrupt = new CancellationTokenSource();
        var output = new LiveText();
        var run = node.RunAsync(line, output, interrupt.Token);
        await Poll.Until(output.ToString, text => text.Contains("saved"), NodeSandbox.Patience, "it is in force");
        await interrupt.CancelAsync();
        Assert.Equal(130, (await run).ExitCode);
        Assert.Contains(standing, (await run).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gate_that_dies_in_the_middle_exits_3_and_the_drain_is_said_to_stay_in_force()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        var seen = new TaskCompletionSource();
        gate.Progress = async (answers, context) =>
        {
            await answers.WriteAsync(Ordered);
            await seen.Task;
            await Fate.Die(context);
        };
        var output = new LiveText();
        var running = node.RunAsync("drain node", output, TestContext.Current.CancellationToken);
        await Poll.Until(output.ToString, text => text.Contains("saved"), NodeSandbox.Patience, "it is in force");
        seen.SetResult();
        var run = await running;
        Assert.Equal((3, "ordered: saved\n"), (run.ExitCode, run.Output));
        Assert.Contains("the connection broke", run.Error, StringComparison.Ordinal);
        Assert.Contains("the drain of node stays in force", run.Error, StringComparison.Ordinal);
        Assert.Contains("'vipctl drain node --direct'", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drain node", true, "whether the gate took the order is not known", true)]
    [InlineData("drain vip web", true, "whether the gate took the order is not known", false)]
    [InlineData("drain node", false, "the drain of node stays in force", true)]
    [InlineData("undrain node", false, "the drain of node is taken back", false)]
    public async Task A_gate_that_hangs_exits_3_and_what_is_known_of_the_order_is_said(
        string line, bool hangsAtOnce, string standing, bool hasDirectWay)
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Progress = hangsAtOnce ? AnswersAndHangs() : AnswersAndHangs(Ordered);
        var run = await node.RunAsync(
            line,
            text => hangsAtOnce ? gate.Asked is not null : text.Contains("saved"),
            TimeSpan.FromSeconds(5));
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("no answer within the time given", run.Error, StringComparison.Ordinal);
        Assert.Contains(standing, run.Error, StringComparison.Ordinal);
        Assert.Equal(hasDirectWay, run.Error.Contains("--direct", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(StatusCode.Aborted, "undrained by bob", 1, "'vipctl drains'")]
    [InlineData(StatusCode.NotFound, "no VIP 'web'; there is dns", 4, "")]
    [InlineData(StatusCode.InvalidArgument, "timeout above 24 h", 2, "")]
    public async Task A_refusal_of_the_gate_has_its_line_and_exit_code(
        StatusCode code, string detail, int exitCode, string remedy)
    {
        var run = await RunAsync(
            "drain vip web", (_, _) => throw new RpcException(new Status(code, detail)));
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        Assert.Contains(detail, run.Error, StringComparison.Ordinal);
        Assert.Contains(remedy, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_undrain_that_cannot_serve_exits_1_with_the_reason_of_each_VIP()
    {
        var blocked = new DrainProgress
        {
            Phase = DrainPhase.Blocked,
            Text = "1 of 2 VIPs cannot serve",
            Vips =
            {
                new DrainVip { Vip = "dns", State = VipState.Up },
                new DrainVip { Vip = "web", State = VipState.Down, Reason = "0 of 2 backends up" },
            },
        };
        var run = await RunAsync("undrain node", Answers(blocked));
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith(
            "VIP  STATE  REASON\ndns  Up     -\nweb  Down   0 of 2 backends up\n",
            run.Output,
            StringComparison.Ordinal);
        Assert.Contains("1 of 2 VIPs cannot serve", run.Error, StringComparison.Ordinal);
        Assert.Contains("the drain of node is taken back", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_that_could_not_be_saved_is_said_once_and_loudly()
    {
        var unsaved = Ordered.Clone();
        unsaved.PersistError = "no space left on device";
        var done = Done.Clone();
        done.PersistError = unsaved.PersistError;
        var run = await RunAsync("drain vip web", Answers(unsaved, done));
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2, run.Error.Split("NOT SAVED").Length);
        Assert.Contains("no space left on device", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_end_too_early_are_a_failure()
    {
        var silent = await RunAsync("drain vip web", Answers());
        Assert.Equal(1, silent.ExitCode);
        Assert.Contains("without an answer", silent.Error, StringComparison.Ordinal);

        var cut = await RunAsync("drain vip web", Answers(Ordered));
        Assert.Equal(1, cut.ExitCode);
        Assert.Contains("before it was done; the drain of vip web stays in force", cut.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JSON_is_the_last_answer_as_a_document_and_JSON_lines_are_all_answers()
    {
        var document = await RunAsync("drain vip web -o json", Answers(Ordered, Done));
        using var json = System.Text.Json.JsonDocument.Parse(document.Output);
        Assert.Equal("DRAIN_PHASE_DONE", json.RootElement.GetProperty("phase").GetString());

        var lines = await RunAsync("drain vip web -o jsonl", Answers(Ordered, Done));
        Assert.Equal(
            [DrainPhase.Ordered, DrainPhase.Done],
            lines.Output.TrimEnd('\n').Split('\n')
                .Select(line => Google.Protobuf.JsonParser.Default.Parse<DrainProgress>(line).Phase));
    }

    [Fact]
    public async Task Drain_node_direct_goes_to_the_speaker_past_a_gate_that_hangs_and_undrain_lifts_it()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        var speaker = new SpeakerStandIn();
        await node.ServeAsync("speaker", speaker);

        var drained = await node.RunAsync("drain node --direct --reason fire");
        Assert.Equal(0, drained.ExitCode);
        Assert.Equal("fire", speaker.Emergency?.Reason);
        Assert.Contains("tor1", drained.Output, StringComparison.Ordinal);
        Assert.Contains("'vipctl undrain node --direct'", drained.Error, StringComparison.Ordinal);

        var lifted = await node.RunAsync("undrain node --direct");
        Assert.Equal((0, "lifted\n"), (lifted.ExitCode, lifted.Output));
        Assert.Null(speaker.Emergency);
        Assert.Null(gate.Asked);
    }

    [Fact]
    public async Task Drain_node_direct_needs_no_reason()
    {
        await using var node = new NodeSandbox();
        var speaker = new SpeakerStandIn();
        await node.ServeAsync("speaker", speaker);
        Assert.Equal(0, (await node.RunAsync("drain node --direct --no-wait")).ExitCode);
        Assert.Equal((true, 0), (speaker.Emergency?.Reason.Length > 0, speaker.Emergency?.Wait.Seconds));
    }

    private static async Task<Vipctl> RunAsync(
        string line, Func<IServerStreamWriter<DrainProgress>, ServerCallContext, Task> progress)
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await using var sandbox = node;
        gate.Progress = progress;
        return await node.RunAsync(line);
    }

    private static Func<IServerStreamWriter<DrainProgress>, ServerCallContext, Task> Answers(
        params DrainProgress[] answers) => async (stream, _) =>
    {
        foreach (var answer in answers)
            await stream.WriteAsync(answer);
    };

    private static Func<IServerStreamWriter<DrainProgress>, ServerCallContext, Task> AnswersAndHangs(
        params DrainProgress[] answers) => async (stream, context) =>
    {
        await Answers(answers)(stream, context);
        await Fate.Hang(context);
    };
}
