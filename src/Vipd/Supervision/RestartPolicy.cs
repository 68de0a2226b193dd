namespace AnycastVip.Vipd.Supervision;

/// <summary>How long a process that ended waits for its restart: twice as long after each failure in a row.</summary>
internal sealed record RestartPolicy
{
    /// <summary>The wait after the first failure.</summary>
    public TimeSpan Minimum { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>No wait is longer.</summary>
    public TimeSpan Maximum { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A process that ran for this long has no failures behind it.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Judges one end.</summary>
    /// <param name="previous">The wait before the run that ended; zero when there was none.</param>
    /// <param name="uptime">How long the run lasted.</param>
    /// <returns>The wait before the next run.</returns>
    public TimeSpan Next(TimeSpan previous, TimeSpan uptime)
    {
        if (previous == TimeSpan.Zero || uptime >= ResetAfter)
            return Minimum;
        return previous < Maximum / 2 ? previous * 2 : Maximum;
    }
}
