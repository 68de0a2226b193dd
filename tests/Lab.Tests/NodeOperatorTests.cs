using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>The operator's hand on a running node: reload, the brake past a hung gate, the views.</summary>
public sealed class NodeOperatorTests(TwoNodeLab lab, ITestOutputHelper output) : NodeScenario(lab)
{
    private const string SecondVip = "203.0.113.51";

    [Fact]
    public async Task A_reload_touches_only_what_changed()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);
        using var monitor = await RouteMonitor.StartAsync(Router);
        var start = TimeProvider.System.GetUtcNow();
        using var load = await Traffic.LoadAsync(Client, VipIPv4, 50);
        await one.ConfigureAsync(Node1.Configuration($$"""
              - name: api
                addresses: [{{SecondVip}}]
                listeners: [{port: 80, pool: web}]
                announce: {med: 70}
            """ + "\n"));

        var dryRun = (await one.VipctlAsync("config", "reload", "--dry-run")).Succeeded().Output;
        await one.SignalAsync("run", "HUP");
        await WaitNextHopsAsync(SecondVip, Node1);
        await one.ConfigureAsync(Node1.Configuration());
        var reload = (await one.VipctlAsync("config", "reload")).Succeeded().Output;
        await WaitNextHopsAsync(SecondVip);
        await one.WaitVipAsync("UP");
        var requests = await load.StopLoadAsync();

        output.WriteLine(dryRun + reload);
        Assert.Contains("vips.api.announce.med", dryRun, StringComparison.Ordinal);
        Assert.Empty(monitor.Changes(VipIPv4, start));
        Assert.Empty(monitor.Changes(VipIPv6, start));
        Assert.All(requests, request => Assert.True(request.IsOk, request.Error));
        var peers = (await one.VipctlAsync("peers", "-o", "json")).Succeeded().ToJson()["peers"]!.AsArray();
        Assert.All(peers, peer => Assert.Equal("0", (string?)peer!["flaps"] ?? "0"));
    }

    [Fact]
    public async Task A_node_whose_gate_hangs_is_drained_past_it()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await one.SignalAsync("gate", "STOP");

        var hung = await one.VipctlAsync("status");
        var drain = (await one.VipctlAsync("drain", "node", "--direct", "--reason", "gate hangs")).Succeeded();
        await WaitNextHopsAsync(VipIPv4);
        await one.SignalAsync("gate", "CONT");
        (await one.VipctlAsync("undrain", "node", "--direct")).Succeeded();
        await WaitNextHopsAsync(VipIPv4, Node1);

        output.WriteLine(hung.Output + drain.Output);
        Assert.Equal(3, hung.ExitCode);
        Assert.Contains("gate", hung.Output + hung.Error, StringComparison.Ordinal);
        Assert.Contains("router1-ipv4", hung.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_views_agree_with_the_router()
    {
        await using var one = await Node1.StartAsync();
        await WaitNextHopsAsync(VipIPv4, Node1);
        await WaitNextHopsAsync(VipIPv6, Node1);

        var status = (await one.VipctlAsync("status")).Succeeded().Output;
        var explain = (await one.VipctlAsync("explain", "vip", "web")).Succeeded().Output;
        var check = (await one.VipctlAsync("config", "check", one.ConfigurationFile)).Succeeded().Output;
        var events = (await one.VipctlAsync("events", "--subject", "vip web", "-o", "json")).Succeeded().ToJson();

        output.WriteLine(status + explain + check);
        Assert.Contains("serving: 1 of 1 VIPs announced", status, StringComparison.Ordinal);
        Assert.Contains("web is announced", explain, StringComparison.Ordinal);
        Assert.Contains(": OK", check, StringComparison.Ordinal);
        // Every event but a first cause names an event that was before it.
        Assert.All(events["events"]!.AsArray(), happened => Assert.True(
            long.Parse((string?)happened!["causeId"] ?? "0", System.Globalization.CultureInfo.InvariantCulture)
                < long.Parse((string)happened["id"]!, System.Globalization.CultureInfo.InvariantCulture)));
    }
}
