namespace AnycastVip.Vipctl;

/// <summary>What a script can tell apart.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The daemon was reached and refused, or the answer is a bad one.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the input is wrong; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>No daemon answered.</summary>
    public const int Unreachable = 3;

    /// <summary>No such peer, prefix or VIP.</summary>
    public const int NotFound = 4;

    /// <summary>What was waited for did not happen in time; it may still.</summary>
    public const int WaitTimedOut = 5;

    /// <summary>Ended by SIGINT, as a shell counts it.</summary>
    public const int Interrupted = 130;
}
