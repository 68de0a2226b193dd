using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests.Api;

public sealed class BackendTalliesTests
{
    private readonly BackendTallies _tallies = new(TimeProvider.System);

    [Fact]
    public void At_most_a_hundred_failures_are_told_between_two_reports_and_all_are_counted()
    {
        var told = Enumerable.Range(0, 250).Count(_ => _tallies.Count(Seen(ObservationKind.Refused)) is not null);
        var other = _tallies.Count(Seen(ObservationKind.Refused) with { Backend = "s2" });

        Assert.Equal(100, told);
        Assert.NotNull(other);
        Assert.Equal([("s1", 250ul), ("s2", 1ul)], Reports().Select(report => (report.Backend, report.Refused)));
        Assert.NotNull(_tallies.Count(Seen(ObservationKind.Refused)));
    }

    [Fact]
    public void Each_kind_is_counted_by_itself_and_each_generation_too()
    {
        foreach (var kind in Enum.GetValues<ObservationKind>())
            _tallies.Count(Seen(kind));
        _tallies.Count(Seen(ObservationKind.Reset) with { Generation = 2 });

        var reports = Reports();

        Assert.Equal([1ul, 2ul], reports.Select(report => report.Generation));
        Assert.Equal(
            (1ul, 1ul, 1ul, 1ul),
            (reports[0].Connected, reports[0].Refused, reports[0].Reset, reports[0].TimedOut));
        Assert.Equal((0ul, 1ul), (reports[1].Connected, reports[1].Reset));
        Assert.Empty(Reports());
    }

    private static Observation Seen(ObservationKind kind) =>
        new(kind, "pool", "s1", 1, TimeProvider.System.GetTimestamp(), TimeSpan.FromMilliseconds(1), 0);

    private List<Proto.V1.BackendReport> Reports() => _tallies.TakeReports(ProxyTable.Empty, []);
}
