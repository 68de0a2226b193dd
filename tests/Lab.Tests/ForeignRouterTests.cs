using AnycastVip.Lab.Tests.Fixture;
using static AnycastVip.Lab.Tests.SpeakerScenario;

namespace AnycastVip.Lab.Tests;

/// <summary>What holds beside every router that is not FRR: sessions, routes of both families, restarts.</summary>
public sealed class ForeignRouterTests(ForeignRouterLab lab)
{
    private const string BothPeers = $"""
          - {"{"}name: tor1, address: {RouterIPv4}, asn: 65100, families: [ipv4, ipv6]{"}"}
          - {"{"}name: tor2, address: "{RouterIPv6}", asn: 65100, families: [ipv4, ipv6]{"}"}
        """;

    private static readonly string[] Vips = [VipIPv4, VipIPv6];

    [Theory]
    [InlineData(RouterKind.Bird)]
    [InlineData(RouterKind.GoBgp)]
    [InlineData(RouterKind.OpenBgpd)]
    public async Task Both_families_arrive_leave_and_survive_restarts_of_either_side(RouterKind kind)
    {
        await using var router = await lab.StartAsync(kind);
        using (var speaker = await lab.Node.StartSpeaker(Configuration(BothPeers)))
        {
            await WaitSessionsAsync(router);
            using var lease = await ForeignLease.OpenAsync(speaker);
            await lease.AnnounceAsync(BothVips);
            await WaitRoutesAsync(router, present: true);

            await lease.WithdrawAsync();
            await WaitRoutesAsync(router, present: false);
            await lease.AnnounceAsync(BothVips);
            await WaitRoutesAsync(router, present: true);

            await router.KillDaemon();
            await WaitStateAsync(speaker, "ACTIVE");
            await router.StartDaemon();
            await WaitSessionsAsync(router);
            await WaitRoutesAsync(router, present: true);

            await speaker.Kill();
        }
        await WaitRoutesAsync(router, present: false);

        using var again = await lab.Node.StartSpeaker(Configuration(BothPeers));
        await WaitSessionsAsync(router);
        using var newLease = await ForeignLease.OpenAsync(again);
        await newLease.AnnounceAsync(BothVips);
        await WaitRoutesAsync(router, present: true);
    }

    private static async Task WaitSessionsAsync(ForeignRouter router)
    {
        await router.WaitEstablished(NodeIPv4);
        await router.WaitEstablished(NodeIPv6);
    }

    private static async Task WaitRoutesAsync(ForeignRouter router, bool present)
    {
        foreach (var vip in Vips)
            await router.WaitRoute(vip, present);
    }
}
