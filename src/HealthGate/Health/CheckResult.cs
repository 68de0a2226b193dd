namespace AnycastVip.HealthGate.Health;

/// <summary>How one run of a check ended.</summary>
public enum CheckOutcome
{
    /// <summary>What was asked for was answered.</summary>
    Ok,

    /// <summary>Refused, answered wrongly, or the run itself broke.</summary>
    Failed,

    /// <summary>No whole answer within the time-out.</summary>
    TimedOut,
}

/// <summary>One run of a check.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Latency">From its start to its end.</param>
/// <param name="Reason">One line: "HTTP 503", "exit 2: replication lag 40 s".</param>
/// <param name="ExitCode">Of a script that ended by itself.</param>
public sealed record CheckResult(CheckOutcome Outcome, TimeSpan Latency, string Reason, int? ExitCode = null)
{
    /// <summary>True when the target did what the check asks for.</summary>
    public bool IsOk => Outcome == CheckOutcome.Ok;
}
