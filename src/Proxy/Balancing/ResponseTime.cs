namespace AnycastVip.Proxy.Balancing;

/// <summary>What of a response is measured.</summary>
internal enum ResponsePart
{
    /// <summary>From the SYN to the established connection, or to the end of patience.</summary>
    Connect,

    /// <summary>From the client's last octets before the backend's first one to that one.</summary>
    FirstOctet,
}

/// <summary>How fast a backend answers: the averages of its parts. The default value was never measured.</summary>
internal readonly record struct ResponseTime(MovingAverage Connect, MovingAverage FirstOctet)
{
    /// <summary>With one more measurement.</summary>
    public ResponseTime With(ResponsePart part, TimeSpan time, TimeSpan now) => part == ResponsePart.Connect
        ? this with { Connect = Connect.With(time.TotalMicroseconds, now) }
        : this with { FirstOctet = FirstOctet.With(time.TotalMicroseconds, now) };

    /// <summary>Both parts together, in µs; null: never measured.</summary>
    public double? MicrosecondsAt(TimeSpan now) =>
        Connect.ValueAt(now) is null && FirstOctet.ValueAt(now) is null
            ? null
            : (Connect.ValueAt(now) ?? 0) + (FirstOctet.ValueAt(now) ?? 0);
}

/// <summary>
/// An exponentially weighted moving average over time. Without new samples it decays towards zero, so that a bad value
/// is forgotten and its backend is tried again.
/// </summary>
/// <param name="Value">At the time of the last sample.</param>
/// <param name="At">That time; null: there was none.</param>
internal readonly record struct MovingAverage(double Value, TimeSpan? At)
{
    /// <summary>After this time a sample weighs 1/e of what it did.</summary>
    public static readonly TimeSpan TimeConstant = TimeSpan.FromSeconds(10);

    /// <summary>The average now; null: there was no sample.</summary>
    public double? ValueAt(TimeSpan now) => At is { } at ? Value * Remaining(now - at) : null;

    /// <summary>With one more sample. The first one counts whole.</summary>
    public MovingAverage With(double sample, TimeSpan now)
    {
        if (At is not { } at)
            return new(sample, now);
        var old = Remaining(now - at);
        return new((Value * old) + (sample * (1 - old)), now > at ? now : at);
    }

    // Loops count time apart: one may be a moment behind another.
    private static double Remaining(TimeSpan age) => age > TimeSpan.Zero ? Math.Exp(-(age / TimeConstant)) : 1;
}
