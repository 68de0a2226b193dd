using System.Runtime.InteropServices;

namespace AnycastVip.Bench;

/// <summary>Signals to processes that the bench has started.</summary>
internal static partial class Signals
{
    public const int HUP = 1;
    public const int USR2 = 12;

    /// <exception cref="InvalidOperationException">It is not there.</exception>
    public static void Send(int process, int signal)
    {
        if (Kill(process, signal) != 0)
            throw new InvalidOperationException($"kill: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
