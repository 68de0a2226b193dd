using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests.Api;

public sealed class LastErrorsTests
{
    private const int NoRoute = 113;

    private readonly LastErrors _errors = new(TimeProvider.System);
    private long _time = TimeProvider.System.GetTimestamp();

    [Fact]
    public void Of_each_kind_and_backend_the_last_one_is_told_the_latest_first()
    {
        Note(ObservationKind.Refused, "s1");
        Note(ObservationKind.Connected, "s1");
        Note(ObservationKind.Unreachable, "s2", NoRoute);
        Note(ObservationKind.TimedOut, "s1");
        Note(ObservationKind.Refused, "s1", errno: 111);

        var told = _errors.List([Backend("s1"), Backend("s2")]);

        Assert.Equal(
            [("s1", "refused the connection"), ("s1", "did not answer in time"),
                ("s2", "cannot be reached: No route to host")],
            told.Select(error => (error.Backend, error.Text)));
        Assert.Equal([111u, 0u, (uint)NoRoute], told.Select(error => error.Errno));
        Assert.Equal(told.OrderByDescending(error => error.At.ToDateTime()), told);
    }

    [Fact]
    public void A_backend_that_has_gone_is_forgotten()
    {
        Note(ObservationKind.Reset, "s1");
        Note(ObservationKind.Reset, "s2");

        Assert.Equal("s2", Assert.Single(_errors.List([Backend("s2")])).Backend);
        Assert.Equal("s2", Assert.Single(_errors.List([Backend("s1"), Backend("s2")])).Backend);
    }

    private void Note(ObservationKind kind, string backend, int errno = 0) => _errors.Note(
        new(kind, "pool", backend, 1, _time += TimeProvider.System.TimestampFrequency, TimeSpan.Zero, errno));

    private static BackendSnapshot Backend(string name) => new("pool", name, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null);
}
