using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>Crashes on either side, leases, and the operator's emergency brake.</summary>
public sealed class SpeakerFaultTests(OneRouterLab lab, ITestOutputHelper output) : SpeakerScenario(lab)
{
    private const string Routes = $$"""[{"prefix": "{{VipIPv4}}"}]""";

    [Fact]
    public async Task Fault_1a_a_killed_speaker_is_out_of_the_kernel_at_the_routers_own_pace_and_comes_back_silent()
    {
        using var monitor = await RouteMonitor.StartAsync(Router);
        using (var speaker = await StartEstablishedAsync())
        {
            using var lease = await ForeignLease.OpenAsync(speaker);
            await lease.AnnounceAsync(Routes);
            await WaitRoutedAsync(VipIPv4);
            var withdrawn = await lease.WithdrawAsync();
            var floor = await monitor.DeletedAsync(VipIPv4, WrittenAt(withdrawn)) - WrittenAt(withdrawn);
            await lease.AnnounceAsync(Routes);
            await WaitRoutedAsync(VipIPv4);

            var killedAt = TimeProvider.System.GetUtcNow();
            await speaker.Kill();
            var taken = await monitor.DeletedAsync(VipIPv4, killedAt) - killedAt;

            output.WriteLine($"kernel route gone {floor.TotalMilliseconds:0.0} ms after a plain withdraw (the router's "
                + $"floor), {taken.TotalMilliseconds:0.0} ms after kill -9");
            Assert.True(taken < floor + TimeSpan.FromMilliseconds(100), $"floor {floor}, kill {taken}");
        }

        var updates = await Router.CountUpdates(NodeIPv4);
        using var again = await StartEstablishedAsync();
        await WaitStateAsync(again, "ESTABLISHED");
        // An End-of-RIB for each family is all that a speaker without leases has to say.
        await Router.WaitUpdates(NodeIPv4, updates + 2, Timeout);
        Assert.Null(await BgpPathAsync(VipIPv4));
    }

    [Fact]
    public async Task Fault_4_after_a_router_restart_everything_is_announced_within_5_s_of_its_return()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(BothVips);
        await WaitRoutedAsync(VipIPv4);

        await Router.KillBgpd();
        await Poll.Until(
            () => Router.KernelRoutes(VipIPv4), routes => routes.Count == 0, Timeout, $"{VipIPv4} has left the kernel");
        await Poll.Until(
            async () => (await Router.TryRun("vtysh", "-c", "show bgp summary")).ToString(),
            text => text.Contains(NodeIPv4, StringComparison.Ordinal),
            Timeout,
            "bgpd is back");
        var returned = TimeProvider.System.GetTimestamp();

        await WaitRoutedAsync(VipIPv4);
        await WaitRoutedAsync(VipIPv6);
        // One UPDATE and one End-of-RIB a family.
        await Router.WaitUpdates(NodeIPv4, 4, Timeout);
        var taken = TimeProvider.System.GetElapsedTime(returned);
        output.WriteLine($"routed again {taken.TotalMilliseconds:0} ms after bgpd answered");
        Assert.True(taken < TimeSpan.FromSeconds(5), $"took {taken}");
    }

    [Fact]
    public async Task Fault_5_a_half_open_session_dies_by_the_hold_timer_and_the_routers_new_one_is_taken()
    {
        using var speaker = await StartEstablishedAsync(
            $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, holdTime: 3s}}");
        // What the router sends now reaches nobody: its bgpd dies without a word that we could hear.
        await Router.Run("ip", "route", "add", "blackhole", $"{NodeIPv4}/32");
        try
        {
            await Router.KillBgpd();
            var peer = await Poll.Until(
                () => ForeignClient.PeerAsync(speaker, "tor1"),
                peer => (string)peer["state"]! != "PEER_STATE_ESTABLISHED",
                Timeout,
                "the session is given up");
            Assert.Equal("Hold Timer Expired", ((string)peer["lastSent"]!["text"]!).Split('/')[0]);
        }
        finally
        {
            await Router.Run("ip", "route", "del", "blackhole", $"{NodeIPv4}/32");
        }

        await Router.WaitEstablished(NodeIPv4, Timeout);
        await WaitStateAsync(speaker, "ESTABLISHED");
    }

    [Fact]
    public async Task Fault_16_two_nodes_with_the_routers_identifier_have_sessions_and_an_alarm()
    {
        const string twinAddress = "10.0.1.8";
        await Node.Run("ip", "address", "add", $"{twinAddress}/24", "dev", "eth1");
        await Router.Configure("router bgp 65100", $"neighbor {twinAddress} peer-group nodes");
        try
        {
            using var first = await Node.StartSpeaker(
                Configuration(IPv4Peer, $"name: node1, asn: 65001, routerId: {RouterIPv4}"));
            using var twin = await Node.StartSpeaker(
                Configuration(
                    $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, localAddress: {twinAddress}}}",
                    $"name: node2, asn: 65001, routerId: {RouterIPv4}")
                .Replace("speaker:", "speaker:\n  listen: [\"10.0.1.8:1179\"]", StringComparison.Ordinal));

            await Router.WaitEstablished(NodeIPv4, Timeout);
            await Router.WaitEstablished(twinAddress, Timeout);

            await WaitStateAsync(first, "ESTABLISHED");
            var alarms = (await ForeignClient.CallAsync(first, "GetSpeaker"))["alarms"]!.AsArray();
            Assert.Contains("BGP identifier 10.0.1.1", (string)Assert.Single(alarms)!, StringComparison.Ordinal);
            // With equal identifiers the AS numbers decide a collision, on both sides alike: nobody loops.
            foreach (var speaker in new[] { first, twin })
            {
                var peer = await WaitStateAsync(speaker, "ESTABLISHED");
                Assert.Equal("0", (string?)peer["flaps"] ?? "0");
                Assert.Equal(
                    "BGP identifier conflict: the peer has ours, 10.0.1.1; give one of both another routerId",
                    (string)peer["suspectedCause"]!);
                Assert.Single(
                    speaker.Log.Split('\n'),
                    line => line.Contains("tor1: suspected: BGP identifier conflict", StringComparison.Ordinal));
            }
        }
        finally
        {
            await Router.Configure("router bgp 65100", $"no neighbor {twinAddress}");
            await Node.Run("ip", "address", "del", $"{twinAddress}/24", "dev", "eth1");
        }
    }

    [Fact]
    public async Task A_dead_client_is_withdrawn_when_its_lease_ends_and_not_before()
    {
        using var monitor = await RouteMonitor.StartAsync(Router);
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker, ttl: "3s");
        await lease.AnnounceAsync(Routes);
        await WaitRoutedAsync(VipIPv4);

        var died = await lease.DieAsync();

        var held = (await ForeignClient.CallAsync(speaker, "ListRoutes"))["routes"]![0]!;
        Assert.Equal("ROUTE_STATE_HELD", (string)held["state"]!);
        var taken = await monitor.DeletedAsync(VipIPv4, died) - died;
        output.WriteLine($"kernel route gone {taken.TotalMilliseconds:0} ms after a client with a lease of 3 s died");
        Assert.InRange(taken, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3.5));
    }

    [Fact]
    public async Task A_client_that_restarts_within_its_lease_moves_no_route()
    {
        using var speaker = await StartEstablishedAsync();
        using (var lease = await ForeignLease.OpenAsync(speaker))
        {
            await lease.AnnounceAsync(Routes);
            await WaitRoutedAsync(VipIPv4);
            await lease.DieAsync();
        }
        var before = (await ForeignClient.PeerAsync(speaker, "tor1"))["sent"]!["update"]!.ToString();

        using var next = await ForeignLease.OpenAsync(speaker, epoch: 2);
        await next.DeclareAsync("""[{"vip": "web", "intent": "VIP_INTENT_UNKNOWN", "reason": "just started"}]""");
        await next.AnnounceAsync(Routes);

        var after = await ForeignClient.PeerAsync(speaker, "tor1");
        Assert.Equal(before, after["sent"]!["update"]!.ToString());
        Assert.NotNull(await BgpPathAsync(VipIPv4));
    }

    [Fact]
    public async Task An_emergency_withdraw_outlives_the_clients_next_set_until_it_is_lifted()
    {
        using var speaker = await StartEstablishedAsync();
        using var lease = await ForeignLease.OpenAsync(speaker);
        await lease.AnnounceAsync(Routes);
        await WaitRoutedAsync(VipIPv4);

        var answer = await ForeignClient.CallAsync(speaker, "EmergencyWithdraw", """{"reason": "wrong VIP"}""");

        Assert.Equal("DELIVERY_STATE_ACKNOWLEDGED", (string)answer["peers"]![0]!["state"]!);
        await WaitGoneAsync(VipIPv4);
        await lease.AnnounceAsync(Routes);
        Assert.Null(await BgpPathAsync(VipIPv4));

        await ForeignClient.CallAsync(speaker, "LiftEmergencyWithdraw");

        await WaitRoutedAsync(VipIPv4);
    }

    private static DateTimeOffset WrittenAt(JsonNode response) => DateTimeOffset.Parse(
        (string)response["progress"]!["peers"]![0]!["writtenAt"]!, CultureInfo.InvariantCulture);
}
