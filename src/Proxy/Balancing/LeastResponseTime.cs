namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Chooses the backend with the lowest product of response time and connections for its weight. One that was never
/// measured is tried with one connection at a time while others are known: it may be a black hole.
/// </summary>
internal sealed class LeastResponseTime : LowestLoad
{
    // More than any time that is measured, in µs: behind all that are known, and among its like by connections.
    private const double Unknown = 1e12;

    // Below this differences are noise, and the number of connections tells more.
    private const double Shortest = 1;

    protected override double LoadOf(Backend backend, TimeSpan now)
    {
        var connections = backend.Connections.Value;
        return backend.ResponseTime.MicrosecondsAt(now) is { } time ? Math.Max(time, Shortest) * (connections + 1)
            : connections == 0 ? 0
            : Unknown * (connections + 1);
    }
}
