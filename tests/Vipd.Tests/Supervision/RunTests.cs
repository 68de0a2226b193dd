using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;
using AnycastVip.Vipd.Tests.Processes;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>The real <c>vipd run</c> with its real processes.</summary>
public sealed class RunTests : IDisposable
{
    private const string Ready = "all processes answer on their sockets";

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_speaker_that_is_killed_is_started_again_and_SIGTERM_stops_all_in_order()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);
        // It answers before it says so: killed in between it never would.
        await run.Logged("accepts peers on");

        Signal.Send(run.Speakers[0], SignalNumber.SIGKILL);
        await run.Logged("speaker: restart in 100 ms");
        await run.Logged("accepts peers on", times: 2);
        run.Send(SignalNumber.SIGTERM);

        Assert.Equal(0, await run.End());
        Assert.Contains(run.Log, line => line.EndsWith("info speaker: stopping: withdraw, then Cease, then exit"));
        Assert.EndsWith($"speaker: ended (pid {run.Speakers[1]}) with exit code 0", run.Log[^1]);
    }

    [Fact]
    public async Task A_second_SIGTERM_ends_all_at_once()
    {
        const SignalNumber SIGSTOP = (SignalNumber)19;
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);
        Signal.Send(run.Speakers[0], SIGSTOP);
        run.Send(SignalNumber.SIGTERM);
        await run.Logged("speaker: is told to end (SIGTERM)");

        run.Send(SignalNumber.SIGTERM);

        Assert.Equal(128 + (int)SignalNumber.SIGTERM, await run.End());
        await ProcessTable.Gone(run.Speakers[0]);
        // Its bound had not come.
        Assert.Empty(run.Find("is killed"));
    }

    [Fact]
    public async Task SIGQUIT_ends_all_in_order_too()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        run.Send(SignalNumber.SIGQUIT);

        Assert.Equal(0, await run.End());
        Assert.Contains(run.Log, line => line.EndsWith("gate: is told to end (SIGQUIT)"));
        // It has no successor.
        Assert.Contains(run.Log, line => line.EndsWith("speaker: is told to end (SIGTERM)"));
    }

    [Fact]
    public async Task SIGQUIT_to_the_speaker_alone_hands_over_to_its_successor()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        Signal.Send(run.Speakers[0], SignalNumber.SIGQUIT);
        await run.Logged("accepts peers on", times: 2);
        run.Send(SignalNumber.SIGTERM);

        Assert.Equal(0, await run.End());
        Assert.Contains(run.Log, line => line.Contains("info speaker: leaving: peers with graceful restart keep"));
        Assert.Contains(run.Log, line => line.EndsWith($"speaker: ended (pid {run.Speakers[0]}) with exit code 0"));
    }

    [Fact]
    public async Task SIGHUP_ends_neither_the_run_nor_its_processes()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        run.Send(SignalNumber.SIGHUP);
        await run.Logged("SIGHUP: all processes are told to reload");
        run.Send(SignalNumber.SIGTERM);

        Assert.Equal(0, await run.End());
        Assert.Single(run.Speakers);
    }

    // FAULTS 12b
    [Fact]
    public async Task The_processes_die_with_a_run_that_is_killed_and_a_second_run_starts_clean()
    {
        using var first = new VipdRun(_directory.FullName);
        await first.Logged(Ready);

        first.Send(SignalNumber.SIGKILL);
        await ProcessTable.Gone(first.Pid);
        using var second = new VipdRun(_directory.FullName);

        await ProcessTable.Gone(first.Speakers[0]);
        await second.Logged("API on");
        second.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await second.End());
    }

    // The speaker has not tied itself to the run yet: it must notice that it is too late.
    [Fact]
    public async Task A_process_that_is_just_being_started_dies_with_the_run_too()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged("speaker: started");

        run.Send(SignalNumber.SIGKILL);

        await ProcessTable.Gone(run.Speakers[0]);
    }

    [Fact]
    public async Task A_process_whose_run_is_gone_refuses_to_start()
    {
        // The test is the parent, and it is not this one.
        using var speaker = new VipdProcess(
            "speaker", VipdRun.Configure(_directory.FullName), (ParentBond.Variable, "1"));

        Assert.Equal(1, await speaker.End());
        Assert.Equal(["vipd: the 'vipd run' that started this process is gone"], speaker.Log);
    }

    [Fact]
    public async Task A_second_run_on_the_same_sockets_is_refused_and_the_first_runs_on()
    {
        using var first = new VipdRun(_directory.FullName);
        await first.Logged(Ready);

        using var second = new VipdRun(_directory.FullName);

        Assert.Equal(1, await second.End());
        var path = Path.Combine(_directory.FullName, "run.lock");
        await second.Logged($"{path}: another 'vipd run' holds this lock; stop it or set another api.directory");
        Assert.Empty(second.Speakers);
        first.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await first.End());
        Assert.Single(first.Speakers);
    }

    [Fact]
    public async Task Control_C_in_a_terminal_reaches_the_run_alone()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        // A terminal signals the group in the foreground: the run's.
        Assert.Equal(run.Speakers[0], ProcessTable.Group(run.Speakers[0]));
        Assert.NotEqual(run.Speakers[0], ProcessTable.Group(run.Pid));
    }

    public void Dispose() => _directory.Dispose();
}
