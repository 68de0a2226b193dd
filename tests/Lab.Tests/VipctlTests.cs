using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>The built vipctl against a running speaker, with the router as witness.</summary>
public sealed class VipctlTests(OneRouterLab lab) : SpeakerScenario(lab)
{
    [Fact]
    public async Task Peers_shows_the_session_as_a_table_and_as_JSON()
    {
        using var speaker = await StartEstablishedAsync();
        await WaitStateAsync(speaker, "ESTABLISHED");

        var table = (await VipctlRun.RunAsync(speaker, "peers")).Succeeded().ToRows();
        var json = (await VipctlRun.RunAsync(speaker, "peers", "tor1", "-o", "json")).Succeeded().ToJson();

        Assert.Equal(["NAME", "ADDRESS", "AS", "STATE", "UPTIME", "PREFIXES", "REASON"], table[0]);
        Assert.Equal(["tor1", RouterIPv4, "65100", "Established"], table[1][..4]);
        var peer = Assert.Single(json["peers"]!.AsArray())!;
        Assert.Equal("PEER_STATE_ESTABLISHED", (string)peer["state"]!);
        Assert.Equal("9s", (string)peer["session"]!["holdTime"]!);
    }

    [Fact]
    public async Task Peers_with_a_name_shows_what_both_sides_can_do_and_how_the_session_came_up()
    {
        using var speaker = await StartEstablishedAsync();
        await WaitStateAsync(speaker, "ESTABLISHED");

        var page = (await VipctlRun.RunAsync(speaker, "peers", "tor1")).Succeeded().ToRows();

        Assert.Contains(page, line => line is ["host", "router1"]);
        const string families = "ipv4-unicast,ipv6-unicast";
        Assert.Contains(page, line => line is ["multiprotocol", families, families, families]);
        Assert.Contains(page, line => line is ["four-octet-as", "65001", "65100", "yes"]);
        Assert.Contains(page, line => line is ["fqdn", "node1", "router1", "-"]);
        Assert.Contains(page, line => line is [_, _, "OpenConfirm", "Established", "1", "session established"]);
        Assert.DoesNotContain(page, line => line[0] == "suspected");
    }

    [Fact]
    public async Task Bfd_shows_the_session_with_the_router_and_so_does_the_page_of_its_peer()
    {
        await using var bfd = await RouterBfd.StartAsync(Router, transmit: 100, receive: 60, NodeIPv4);
        using var speaker = await StartEstablishedAsync(
            $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, "
            + "bfd: {transmitInterval: 50ms, receiveInterval: 50ms}}");
        await bfd.WaitUpAsync(NodeIPv4);

        var row = await Poll.Until(
            async () => (await VipctlRun.RunAsync(speaker, "bfd", "tor1")).Succeeded().ToRows()[1],
            row => row is ["tor1", "Up", _, "60ms", "300ms", "Up", ..],
            Timeout,
            "vipctl shows the intervals in force");

        Assert.Equal("0", row[8]);
        var page = (await VipctlRun.RunAsync(speaker, "peers", "tor1")).Succeeded().ToRows();
        Assert.Contains(page, line => line is ["local timers", "50ms/50ms x3"]);
        Assert.Contains(page, line => line is ["remote timers", "100ms/60ms x3"]);
    }

    [Fact]
    public async Task Routes_shows_the_announced_VIP()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);

        var all = (await VipctlRun.RunAsync(speaker, "routes")).Succeeded().ToRows();
        var one = (await VipctlRun.RunAsync(speaker, "routes", VipIPv6)).Succeeded().ToRows();
        var none = await VipctlRun.RunAsync(speaker, "routes", "198.51.100.1/32");

        Assert.Equal([VipIPv4, "Announced", "web", "gate", "1/1", "proven"], all[1]);
        Assert.Equal([VipIPv6, "Announced", "web", "gate", "1/1", "proven"], all[2]);
        Assert.Equal([VipIPv6], one.Skip(1).Select(row => row[0]));
        Assert.Equal(4, none.ExitCode);
    }

    [Fact]
    public async Task Peers_shutdown_tells_the_router_why_and_enable_brings_the_session_back()
    {
        using var speaker = await StartEstablishedAsync();

        (await VipctlRun.RunAsync(speaker, "peers", "shutdown", "tor1", "--reason", "fibre works")).Succeeded();

        await Poll.Until(
            async () => (await Router.VtyshJson($"show bgp neighbors {NodeIPv4}"))[NodeIPv4]!,
            peer => (string?)peer["lastShutdownDescription"] == "fibre works",
            Timeout,
            "the router shows the reason");
        var row = (await VipctlRun.RunAsync(speaker, "peers")).Succeeded().ToRows()[1];
        Assert.Equal("Idle (down)", row[3]);
        Assert.Contains("fibre works", row[^1], StringComparison.Ordinal);
        var page = (await VipctlRun.RunAsync(speaker, "peers", "tor1")).Succeeded().ToRows();
        Assert.Contains(page, line => line is ["reason", "administratively down: fibre works"]);
        Assert.Contains(page, line => line is ["sent", _, _, "6/2", "Cease/Administrative Shutdown: fibre works"]);
        Assert.Contains(
            page, line => line is [_, _, "Established", "Idle", "1", "administratively down: fibre works"]);
        (await VipctlRun.RunAsync(speaker, "peers", "enable", "tor1")).Succeeded();
        await Router.WaitEstablished(NodeIPv4, Timeout);
    }

    [Fact]
    public async Task An_unknown_peer_is_exit_code_4_and_a_stopped_speaker_3()
    {
        using var speaker = await StartEstablishedAsync();

        var unknown = await VipctlRun.RunAsync(speaker, "peers", "tor9");
        Assert.Equal((4, ""), (unknown.ExitCode, unknown.Output));
        Assert.Contains("tor1", unknown.Error, StringComparison.Ordinal);

        Assert.Equal(0, await speaker.Terminate());
        var stopped = await VipctlRun.RunAsync(speaker, "peers");
        Assert.Equal((3, ""), (stopped.ExitCode, stopped.Output));
        Assert.Contains(speaker.SocketPath, stopped.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Emergency_withdraw_empties_the_router_and_lift_fills_it_again()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);
        await WaitRoutedAsync(VipIPv4);
        await WaitRoutedAsync(VipIPv6);

        var withdraw = (await VipctlRun.RunAsync(speaker, "emergency", "withdraw", "--reason", "route leak"))
            .Succeeded();

        Assert.Equal(["tor1", "Acknowledged"], withdraw.ToRows()[1][..2]);
        await WaitGoneAsync(VipIPv4);
        await WaitGoneAsync(VipIPv6);
        var routes = (await VipctlRun.RunAsync(speaker, "routes")).Succeeded().Output;
        Assert.Contains("route leak", routes, StringComparison.Ordinal);
        Assert.Equal("lifted\n", (await VipctlRun.RunAsync(speaker, "emergency", "lift")).Succeeded().Output);
        await WaitRoutedAsync(VipIPv4);
        await WaitRoutedAsync(VipIPv6);
    }

    [Fact]
    public async Task Emergency_withdraw_is_exit_code_5_while_a_peer_does_not_acknowledge()
    {
        const string nodeHost = $"{NodeIPv4}/32";
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);
        await WaitRoutedAsync(VipIPv4);
        // What the router's TCP answers goes nowhere.
        await Router.Run("ip", "route", "add", "blackhole", nodeHost);
        try
        {
            var withdraw = await VipctlRun.RunAsync(
                speaker, "emergency", "withdraw", "--reason", "route leak", "--wait", "200ms");

            Assert.Equal(5, withdraw.ExitCode);
            Assert.Equal(["tor1", "Written"], withdraw.ToRows()[1][..2]);
            Assert.Contains("tor1", withdraw.Error, StringComparison.Ordinal);
        }
        finally
        {
            await Router.Run("ip", "route", "del", "blackhole", nodeHost);
        }
        await WaitGoneAsync(VipIPv4);
    }
}
