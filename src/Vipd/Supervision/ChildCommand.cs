namespace AnycastVip.Vipd.Supervision;

/// <summary>A process that is kept running.</summary>
internal sealed record ChildCommand
{
    /// <summary>What the log calls it.</summary>
    public required string Name { get; init; }

    /// <summary>The program.</summary>
    public required string File { get; init; }

    /// <summary>What the program is given.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The Unix socket on which it listens once it is ready; null when it has none.</summary>
    public string? Socket { get; init; }

    /// <summary>How long its orderly stop may take; then it is killed.</summary>
    public required TimeSpan StopBound { get; init; }

    /// <summary>
    /// With these too the program takes over from the one that runs, which ends by itself once it has nothing left to
    /// do; null when it cannot. Needs <see cref="Socket"/>: whoever listens there is in charge.
    /// </summary>
    public IReadOnlyList<string>? ReplaceArguments { get; init; }

    /// <summary>What ends it at once, and for good, when all are to leave.</summary>
    public SignalNumber LeaveSignal { get; init; } = SignalNumber.SIGTERM;
}

/// <summary>How a process is asked to end.</summary>
/// <param name="Signal">The signal that asks.</param>
/// <param name="Bound">After this long it is killed.</param>
internal sealed record StopOrder(SignalNumber Signal, TimeSpan Bound);
