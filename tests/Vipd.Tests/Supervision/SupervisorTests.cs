using System.Globalization;
using System.Net.Sockets;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Tests.Supervision;

public sealed class SupervisorTests
{
    [Theory]
    [InlineData("exit 3", "exit code 3")]
    [InlineData("exit 0", "exit code 0")]
    [InlineData("kill -SEGV $$", "signal 11")]
    [InlineData("kill -KILL $$", "signal 9")]
    public async Task A_process_that_ends_is_started_again_after_longer_and_longer_waits(string script, string how)
    {
        await using var rig = new SupervisorRig();

        rig.Start(SupervisorRig.Program("a", script));

        string[] expected =
        [
            "a: started", $"a: ended with {how}", "a: restart in 1 ms",
            "a: started", $"a: ended with {how}", "a: restart in 2 ms",
            "a: started", $"a: ended with {how}", "a: restart in 4 ms",
            "a: started", $"a: ended with {how}", "a: restart in 4 ms",
        ];
        var aboutIt = await Poll.Until(
            () => rig.Log.Where(line => line.StartsWith("a: ", StringComparison.Ordinal)).ToList(),
            lines => lines.Count >= expected.Length,
            SupervisorRig.Patience,
            "it has been restarted often");
        Assert.Equal(expected, aboutIt.Take(expected.Length));
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_tried_again()
    {
        await using var rig = new SupervisorRig();
        var path = rig.PathOf("installed-later");

        rig.Start(SupervisorRig.Program("a", "") with { File = path, Arguments = [] });
        await rig.Logged("a: restart in 4 ms");
        Assert.Contains(rig.Log, line => line.StartsWith("a: cannot be started: ", StringComparison.Ordinal));
        File.Copy("/bin/true", path);

        await rig.Logged("a: ended with exit code 0");
    }

    [Fact]
    public async Task The_others_run_on_while_one_is_restarted()
    {
        await using var rig = new SupervisorRig();

        rig.Start(rig.Daemon("a"), SupervisorRig.Program("b", "exit 1"), rig.Daemon("c"));
        await rig.Told("a runs", "c runs");
        await rig.Logged("b: restart in 4 ms");

        Assert.Single(rig.Log, "a: started");
        Assert.Single(rig.Log, "c: started");
    }

    [Fact]
    public async Task Processes_stop_one_after_the_other_in_the_reverse_order_of_their_start()
    {
        await using var rig = new SupervisorRig();
        const string Slowly = "say stops; sleep 0.1; say stopped; exit 0";
        rig.Start(rig.Daemon("speaker", Slowly), rig.Daemon("proxy", Slowly), rig.Daemon("gate", Slowly));
        await rig.Told("speaker runs", "proxy runs", "gate runs");

        Assert.True(await rig.Stop());

        Assert.Equal(
            ["gate stops", "gate stopped", "proxy stops", "proxy stopped", "speaker stops", "speaker stopped"],
            rig.Story.Where(line => line.Contains("stop", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_process_whose_turn_to_stop_has_not_come_is_still_restarted()
    {
        await using var rig = new SupervisorRig();
        // The gate ends only after the proxy, which it kills, has come back.
        var pid = rig.PathOf("proxy.pid");
        var kill = $"kill -KILL $(cat {pid}); rm {pid}; while ! [ -s {pid} ]; do sleep 0.02; done; exit 0";
        var proxy = SupervisorRig.Program("proxy", $"""
            trap 'exit 0' TERM
            echo $$ > {pid}
            while :; do sleep 0.02; done
            """);
        rig.Start(proxy, rig.Daemon("gate", kill));
        await rig.Told("gate runs");
        await Poll.Until(() => File.Exists(pid), exists => exists, SupervisorRig.Patience, "the proxy runs");

        Assert.True(await rig.Stop());

        Assert.Equal(2, rig.Log.Count(line => line == "proxy: started"));
    }

    [Fact]
    public async Task A_process_that_hangs_in_its_stop_is_killed_after_its_bound_and_the_next_one_stops()
    {
        await using var rig = new SupervisorRig();
        var hung = rig.Daemon("gate", ":") with { StopBound = TimeSpan.FromMilliseconds(200) };
        rig.Start(rig.Daemon("speaker"), hung);
        await rig.Told("speaker runs", "gate runs");

        Assert.False(await rig.Stop());

        await rig.Told("speaker terminated");
        Assert.Equal(
            [
                "gate: is told to end (SIGTERM)",
                "gate: has not ended within 0.2 s and is killed",
                "gate: ended with signal 9",
                "speaker: is told to end (SIGTERM)",
                "speaker: ended with exit code 0",
            ],
            rig.Log.TakeLast(5));
    }

    [Fact]
    public async Task A_process_that_fails_in_its_stop_is_not_started_again_and_makes_the_stop_a_failure()
    {
        await using var rig = new SupervisorRig();
        rig.Start(rig.Daemon("a", "exit 5"));
        await rig.Told("a runs");

        Assert.False(await rig.Stop());

        Assert.Equal("a: ended with exit code 5", rig.Log[^1]);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_restart()
    {
        await using var rig = new SupervisorRig { Policy = new() { Minimum = TimeSpan.FromHours(1) } };
        rig.Start(SupervisorRig.Program("a", "exit 1"));
        await rig.Logged("a: restart in 3600000 ms");

        Assert.False(await rig.Stop());

        Assert.Single(rig.Log, "a: started");
    }

    [Fact]
    public async Task A_leave_reaches_all_at_once_each_by_its_own_signal()
    {
        await using var rig = new SupervisorRig();
        rig.Start(rig.Daemon("a") with { LeaveSignal = SignalNumber.SIGQUIT }, rig.Daemon("b"));
        await rig.Told("a runs", "b runs");

        Assert.True(await rig.Leave());

        Assert.Equal(["a left", "a runs", "b runs", "b terminated"], rig.Story.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reload_reaches_all_by_SIGHUP_and_ends_none()
    {
        await using var rig = new SupervisorRig();
        rig.Start(rig.Daemon("a"), rig.Daemon("b"));
        await rig.Told("a runs", "b runs");
        // They may run before the supervisor knows to whom a signal goes.
        await rig.Logged("a: started");
        await rig.Logged("b: started");

        rig.Reload();

        await rig.Told("a reloads", "b reloads");
        Assert.True(await rig.Stop());
    }

    [Fact]
    public async Task What_a_process_leaves_behind_in_its_group_is_killed()
    {
        await using var rig = new SupervisorRig();
        var orphan = rig.PathOf("orphan");
        var shell = SupervisorRig.Program("a", "") with
        {
            File = "/usr/bin/setsid",
            Arguments = ["/bin/sh", "-c", $"[ -e {orphan} ] && exit 0; sleep 60 & echo $! > {orphan}; exit 1"],
        };

        rig.Start(shell);
        await rig.Logged("a: ended with exit code 1");

        var pid = int.Parse(await File.ReadAllTextAsync(orphan, TestContext.Current.CancellationToken),
            CultureInfo.InvariantCulture);
        await ProcessTable.Gone(pid);
    }

    [Fact]
    public async Task Systemd_is_told_ready_when_the_sockets_answer_then_each_reload_and_the_stop()
    {
        await using var rig = new SupervisorRig();
        using var systemd = new NotifySocket(rig.PathOf("notify"));
        using var api = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        rig.Start(rig.Daemon("a") with { Socket = rig.PathOf("api") });
        await rig.Told("a runs");
        await rig.Logged("a: started");
        // Bound is not enough: it must listen.
        api.Bind(new UnixDomainSocketEndPoint(rig.PathOf("api")));
        rig.Reload();
        await rig.Told("a reloads");
        Assert.True(systemd.IsEmpty);

        api.Listen();
        Assert.Equal("READY=1", await systemd.ReceiveAsync());
        rig.Reload();
        Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", await systemd.ReceiveAsync());
        Assert.Equal("READY=1", await systemd.ReceiveAsync());
        await rig.Stop();
        Assert.Equal("STOPPING=1", await systemd.ReceiveAsync());
    }

    [Theory]
    [InlineData("nobody-listens")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789")]
    public async Task A_stop_before_all_sockets_answer_is_told_instead_of_ready(string socket)
    {
        await using var rig = new SupervisorRig();
        using var systemd = new NotifySocket(rig.PathOf("notify"));
        rig.Start(rig.Daemon("a") with { Socket = rig.PathOf(socket) });
        await rig.Told("a runs");

        Assert.True(await rig.Stop());

        Assert.Equal("STOPPING=1", await systemd.ReceiveAsync());
    }
}
