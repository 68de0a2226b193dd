using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>From the routes to the octets of an UPDATE nothing is left on the managed heap.</summary>
public sealed class AdjRibOutAllocationTests
{
    private readonly byte[] _buffer = new byte[4 * MessageSize.Maximum];
    private readonly AdjRibOut _rib = new();
    private readonly DesiredRoute[] _routes = [.. Routes.Thousand(0), .. Routes.Thousand(100_000)];
    private long _version;
    private int _octets;

    public AdjRibOutAllocationTests() => _rib.SessionUp(Routes.External);

    [Fact]
    public void Announcing_a_thousand_prefixes_of_each_family_allocates_nothing() =>
        AssertPullsWithoutAllocation(before: [], after: _routes);

    [Fact]
    public void Withdrawing_a_thousand_prefixes_of_each_family_allocates_nothing() =>
        AssertPullsWithoutAllocation(before: _routes, after: []);

    [Fact]
    public void Announcing_everything_once_more_for_a_route_refresh_allocates_nothing()
    {
        Announce(_routes);
        Pull();
        Allocations.AssertNone(() => _rib.Refresh(Family.IPv4Unicast, enhanced: true), Pull);
        Assert.InRange(_octets, 5 * 1000, int.MaxValue);
    }

    private void AssertPullsWithoutAllocation(DesiredRoute[] before, DesiredRoute[] after)
    {
        Allocations.AssertNone(
            () =>
            {
                Announce(before);
                Pull();
                Announce(after);
            },
            Pull);
        Assert.InRange(_octets, (5 + 17) * 1000, int.MaxValue);
    }

    private void Announce(DesiredRoute[] routes) => _rib.SetDesired(Routes.Set(++_version, routes));

    private void Pull()
    {
        _octets = 0;
        while (_rib.TryNext(_buffer, out var written))
            _octets += written;
    }
}
