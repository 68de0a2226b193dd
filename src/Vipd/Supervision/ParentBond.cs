using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AnycastVip.Vipd.Supervision;

/// <summary>
/// What a process started by <c>vipd run</c> does first, because .NET runs nothing of ours between fork and exec.
/// </summary>
/// <remarks>
/// It dies with the supervisor, by SIGKILL: nobody is left to order a graceful stop, and a speaker or a gate that
/// lived on would stand in its successor's way. It leads a process group of its own, so that Ctrl-C in a terminal
/// reaches the supervisor alone, which stops the processes in their order.
/// </remarks>
internal static partial class ParentBond
{
    /// <summary>The environment variable with the supervisor's process id.</summary>
    public const string Variable = "VIPD_SUPERVISOR";

    private const int SetParentDeathSignal = 1;

    /// <summary>The process id of the supervisor to which this process is tied; null: there is none.</summary>
    public static string? Supervisor { get; private set; }

    /// <summary>
    /// Ties this process to its supervisor, if it has one. Call it on the main thread: the bond is that of the thread
    /// (PR_SET_PDEATHSIG, prctl(2)) and ends with it.
    /// </summary>
    /// <returns>False when the supervisor has died already: end at once.</returns>
    public static bool Tie()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } supervisor)
            return true;
        Supervisor = supervisor;
        // Not for the programs that this process starts.
        Environment.SetEnvironmentVariable(Variable, null);
        if (SetProcessGroup(0, 0) != 0 || ProcessControl(SetParentDeathSignal, (nuint)SignalNumber.SIGKILL) != 0)
            throw new Win32Exception();
        // It may have died before the bond.
        return supervisor == GetParent().ToString(CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "setpgid", SetLastError = true)]
    private static partial int SetProcessGroup(int process, int group);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint argument);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();
}
