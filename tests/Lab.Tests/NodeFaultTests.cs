using System.Globalization;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Faults of a whole node, with the router, its kernel and clients as witnesses.</summary>
public sealed class NodeFaultTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    [Fact]
    public async Task Fault_2_a_terminated_node_drains_withdraws_says_Cease_and_exits_in_order()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);

        await one.SignalAsync("run", "TERM");
        var exitCode = await one.WaitForExitAsync();

        output.WriteLine(one.Log);
        Assert.Equal(0, exitCode);
        await WaitNextHopsAsync(VipIPv4);
        var peer = (await Router.VtyshJson($"show bgp neighbors {Node1.IPv4}"))[Node1.IPv4]!;
        Assert.Contains("Cease", (string)peer["lastNotificationReason"]!, StringComparison.Ordinal);
        Assert.Empty(await Node1.Run("ip", "-br", "address", "show", "to", VipIPv4));
        AssertOrder(
            one.Log, "vip web: withdrawn", "the gate has stopped", "stopping: withdraw, then Cease, then exit");
    }

    [Fact]
    public async Task Fault_9_a_flapping_backend_makes_at_most_one_transition_per_dwell_and_is_shown_as_damped()
    {
        var dwell = TimeSpan.FromSeconds(3);
        await using var one = await Node1.StartAsync(Node1.Configuration()
            .Replace("readvertiseDelay: 1s", "readvertiseDelay: 3s", StringComparison.Ordinal));
        await WaitNextHopsAsync(VipIPv4, Node1);
        await one.KillBackendAsync("s2");
        using var monitor = await RouteMonitor.StartAsync(Router);
        var start = TimeProvider.System.GetUtcNow();

        var states = new HashSet<string>();
        for (var flap = 0; flap < 6; flap++)
        {
            await one.KillBackendAsync("s1");
            await one.WaitBackendAsync("DOWN", "s1");
            await one.StartBackendAsync("s1");
            await one.WaitBackendAsync("UP", "s1");
            states.Add((string)(await one.VipctlAsync("vips", "web", "-o", "json")).ToJson()["vips"]![0]!["state"]!);
        }
        await WaitNextHopsAsync(VipIPv4, Node1);

        Assert.Contains("VIP_STATE_DAMPED", states);
        var changes = monitor.Changes(VipIPv4, start);
        output.WriteLine(string.Join('\n', changes));
        // The router's own pace may differ between a withdraw and an announcement by as much as it takes itself.
        var slack = TimeSpan.FromMilliseconds(150);
        for (var i = 1; i < changes.Count; i++)
        {
            if (!changes[i].Text.StartsWith("Deleted", StringComparison.Ordinal))
                Assert.True(changes[i].At - changes[i - 1].At > dwell - slack, string.Join('\n', changes));
        }
    }

    [Fact]
    public async Task Fault_10_with_all_backends_down_the_node_is_withdrawn_and_explains_it()
    {
        await using var one = await Node1.StartAsync();
        await using var two = await Node2.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1, Node2);

        await one.KillBackendAsync("s1");
        await one.KillBackendAsync("s2");

        await WaitNextHopsAsync(VipIPv4, Node2);
        await WaitNextHopsAsync(VipIPv6, Node2);
        var explained = await one.VipctlAsync("explain", "vip", "web");
        output.WriteLine(explained.Output);
        Assert.Equal(1, explained.ExitCode);
        Assert.Contains("0 of 2 backends up", explained.Output, StringComparison.Ordinal);
        await one.StartBackendAsync("s1");
        await WaitNextHopsAsync(VipIPv4, Node1, Node2);
    }

    [Fact]
    public async Task Fault_11_a_script_that_hangs_with_children_is_unhealthy_and_leaves_no_process()
    {
        await using var one = await RunningNode.CreateAsync(Node1, Node1.Configuration()
            .Replace(
                "  http-ok:",
                "  script: {type: exec, command: [/bin/sh, -c, \"sleep 7654321 & sleep 7654321\"], timeout: 300ms}\n"
                + "  http-ok:",
                StringComparison.Ordinal)
            .Replace("check: http-ok", "check: script", StringComparison.Ordinal));
        await one.StartBackendAsync("s1");
        await one.StartAsync();

        await one.WaitBackendAsync("DOWN", "s1");
        await one.WaitVipAsync("DOWN");
        var checks = (await one.VipctlAsync("checks", "web/s1")).Succeeded().Output;
        output.WriteLine(checks);
        Assert.Contains("timed out after 300 ms", checks, StringComparison.Ordinal);
        await one.SignalAsync("run", "QUIT");
        await one.WaitForExitAsync();
        await Poll.Until(
            async () => (await Node1.TryRun("pgrep", "-f", "sleep 7654321")).ExitCode,
            exitCode => exitCode == 1,
            Timeout,
            "no process of the script is left");
    }

    [Fact]
    public async Task Fault_12b_after_kill_9_of_the_supervisor_nothing_is_left_and_a_second_run_starts_clean()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        int[] pids = [.. new[] { "speaker", "gate", "proxy" }.Select(name => one.PidOf(name)!.Value)];

        await one.SignalAsync("run", "KILL");

        await Poll.Until(
            () => pids.Count(pid => Directory.Exists($"/proc/{pid}")), alive => alive == 0, Timeout, "all are gone");
        await WaitNextHopsAsync(VipIPv4);
        await one.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
    }

    [Fact]
    public async Task Fault_14_a_reload_with_a_typo_is_refused_with_its_place_and_touches_nothing()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        var updates = await UpdatesSentAsync(one);
        await one.ConfigureAsync(Node1.Configuration().Replace("pool: web", "pool: wep", StringComparison.Ordinal));

        var reload = await one.VipctlAsync("config", "reload");
        await one.SignalAsync("run", "HUP");

        output.WriteLine($"{reload}");
        Assert.Equal(2, reload.ExitCode);
        Assert.Matches(@"node\.yaml:[0-9]+:[0-9]+: error: .*wep", reload.Output + reload.Error);
        await Poll.Until(
            () => one.Log.Split("reload refused").Length - 1, count => count >= 2, Timeout, "both say so in the log");
        Assert.Equal(updates, await UpdatesSentAsync(one));
        await one.WaitVipAsync("UP");
    }

    [Fact]
    public async Task Fault_15_with_a_full_disk_a_drain_takes_effect_and_a_torn_file_means_drained()
    {
        await using var one = await RunningNode.CreateAsync(Node1, Node1.Configuration());
        await Node1.Run("mount", "-t", "tmpfs", "-o", "size=64k", "none", one.StateDirectory);
        try
        {
            await one.StartBackendAsync("s1");
            await one.StartAsync();
            await WaitNextHopsAsync(VipIPv4, Node1);
            await Node1.TryRun("dd", "if=/dev/zero", $"of={one.StateDirectory}/filler", "bs=1k");

            var drain = await one.VipctlAsync("drain", "node", "--reason", "disk");

            output.WriteLine($"{drain}");
            await WaitNextHopsAsync(VipIPv4);
            Assert.Contains("cannot be saved", drain.Output + drain.Error, StringComparison.Ordinal);
            Assert.Contains("cannot be saved", (await one.VipctlAsync("status")).Output, StringComparison.Ordinal);

            await one.SignalAsync("run", "KILL");
            await one.WaitForExitAsync();
            await Node1.Run("rm", $"{one.StateDirectory}/filler");
            await Node1.Run("sh", "-c", $"printf '{{\"version\":1,' > {one.StateDirectory}/drains.json");
            await one.StartAsync();

            await one.WaitVipAsync("DRAINED");
            Assert.Contains("damaged", (await one.VipctlAsync("status")).Output, StringComparison.Ordinal);
            (await one.VipctlAsync("undrain", "node")).Succeeded();
            await WaitNextHopsAsync(VipIPv4, Node1);
        }
        finally
        {
            await one.SignalAsync("run", "KILL");
            await one.WaitForExitAsync();
            await Node1.TryRun("umount", "-l", one.StateDirectory);
        }
    }

    [Fact]
    public async Task Fault_21_an_address_removed_by_hand_is_seen_within_a_second_withdrawn_and_explained()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        using var monitor = await RouteMonitor.StartAsync(Router);
        var removed = TimeProvider.System.GetUtcNow();

        await Node1.Run("ip", "address", "del", $"{VipIPv4}/32", "dev", "lo");

        var gone = await monitor.DeletedAsync(VipIPv4, removed) - removed;
        output.WriteLine($"route gone {gone.TotalMilliseconds:0} ms after the address");
        Assert.True(gone < TimeSpan.FromSeconds(1), $"{gone}");
        var events = (await one.VipctlAsync("events", "--limit", "20")).Succeeded().Output;
        Assert.Contains(VipIPv4, events, StringComparison.Ordinal);
        // It is put back, and the VIP announced again once damping allows it.
        await WaitNextHopsAsync(VipIPv4, Node1);
    }

    [Fact]
    public async Task Fault_21_a_port_taken_by_another_process_keeps_the_VIP_from_being_announced_and_is_explained()
    {
        await using var one = await RunningNode.CreateAsync(Node1, Node1.Configuration());
        await one.StartBackendAsync("s1");
        using var squatter = await Node1.StartProcess("python3", "-m", "http.server", "80", "--bind", "0.0.0.0");
        await Poll.Until(
            async () => await Node1.Run("ss", "-ltn"),
            sockets => sockets.Contains("0.0.0.0:80", StringComparison.Ordinal),
            Timeout,
            "another process listens on port 80");
        await one.StartAsync();

        await one.WaitVipAsync("BLOCKED");

        var explained = await one.VipctlAsync("explain", "vip", "web");
        output.WriteLine(explained.Output);
        Assert.Equal(1, explained.ExitCode);
        Assert.Contains("port", explained.Output, StringComparison.Ordinal);
        Assert.Empty(await Router.KernelRoutes(VipIPv4));
        squatter.Kill();
        await WaitNextHopsAsync(VipIPv4, Node1);
    }

    private static void AssertOrder(string log, params string[] texts)
    {
        var at = 0;
        foreach (var text in texts)
        {
            var found = log.IndexOf(text, at, StringComparison.Ordinal);
            Assert.True(found >= 0, string.Create(CultureInfo.InvariantCulture, $"'{text}' after {at} in:\n{log}"));
            at = found;
        }
    }
}
