using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Graceful restart of a node's speaker with BIRD as helper, which it is by default.</summary>
public sealed class BirdRestartTests(ForeignRouterLab lab, ITestOutputHelper output)
{
    private const string Vip = "203.0.113.50";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Fault_1b_a_speaker_that_is_killed_moves_no_route_and_fails_no_request()
    {
        await using var bird = await lab.StartBirdAsync();
        await using var one = await StartAsync(bird);
        var route = await bird.Birdc($"show route {Vip}/32");
        using var monitor = await RouteMonitor.StartAsync(bird);
        using var load = await Traffic.LoadAsync(bird, Vip, 100);

        var killed = await one.SignalAsync("speaker", "KILL");
        await Poll.Until(
            () => bird.Session(lab.Vipd.IPv4),
            shown => BirdRouter.Value(shown, "BGP state") == "Established"
                && shown.Contains("Restart recovery", StringComparison.Ordinal),
            Bound,
            "BIRD sees the speaker come back from a restart");
        await WaitAcknowledgedAsync(one, times: 2);

        // The line has the moment of the route's last change.
        Assert.Equal(route, await bird.Birdc($"show route {Vip}/32"));
        Assert.Empty(monitor.Changes(Vip, killed));
        Assert.All(await load.StopLoadAsync(), request => Assert.True(request.IsOk, request.Error));
        output.WriteLine(route);
    }

    [Fact]
    public async Task Fault_1b_a_speaker_killed_together_with_its_backends_is_gone_within_the_restart_time()
    {
        await using var bird = await lab.StartBirdAsync();
        await using var one = await StartAsync(bird);
        using var monitor = await RouteMonitor.StartAsync(bird);

        var killed = await one.SignalAsync("speaker", "KILL");
        await one.KillBackendAsync("s1");
        await one.KillBackendAsync("s2");

        var taken = await monitor.DeletedAsync(Vip, killed) - killed;
        output.WriteLine($"route gone {taken.TotalSeconds:0.0} s after the speaker");
        Assert.True(taken < TimeSpan.FromSeconds(15), $"{taken}");
    }

    [Fact]
    public async Task An_orderly_stop_withdraws_at_once_in_spite_of_graceful_restart()
    {
        await using var bird = await lab.StartBirdAsync();
        await using var one = await StartAsync(bird);
        using var monitor = await RouteMonitor.StartAsync(bird);

        var sent = await one.SignalAsync("speaker", "TERM");

        var taken = await monitor.DeletedAsync(Vip, sent) - sent;
        output.WriteLine($"route gone {taken.TotalMilliseconds:0} ms after SIGTERM");
        Assert.True(taken < TimeSpan.FromSeconds(1), $"{taken}");
    }

    private async Task<RunningNode> StartAsync(BirdRouter bird)
    {
        var one = await lab.Vipd.StartAsync(lab.Vipd.Configuration().Replace(
            "holdTime: 9s", "holdTime: 9s, gracefulRestart: {restartTime: 15s}", StringComparison.Ordinal));
        await bird.WaitRoute($"{Vip}/32", present: true);
        await WaitAcknowledgedAsync(one, times: 1);
        await Poll.Until(
            () => bird.KernelRoutes(Vip), routes => routes.Count == 1, Bound, "the route is in the router's kernel");
        return one;
    }

    private static Task<int> WaitAcknowledgedAsync(RunningNode one, int times) => Poll.Until(
        () => one.Log.Split("every peer has acknowledged the announcement").Length - 1,
        count => count >= times,
        Bound,
        "every peer has acknowledged the announcement, End-of-RIB included");
}
