namespace AnycastVip.Vipd.Commands;

/// <summary>The exit codes of the project's programs that <c>vipd</c> uses.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Tried and failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is wrong: nothing was tried.</summary>
    public const int Usage = 2;
}
