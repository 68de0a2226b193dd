using System.Runtime.InteropServices;

namespace AnycastVip.Vipd.Supervision;

/// <summary>The signals that the processes of a node send each other (signal(7)).</summary>
internal enum SignalNumber
{
    SIGHUP = 1,
    SIGQUIT = 3,
    SIGKILL = 9,
    SIGUSR2 = 12,
    SIGTERM = 15,
}

/// <summary>kill(2). Who is gone is not signalled, and that is no error.</summary>
internal static partial class Signal
{
    /// <summary>To one process.</summary>
    public static void Send(int process, SignalNumber signal) => _ = Kill(process, (int)signal);

    /// <summary>To all processes of the group that <paramref name="leader"/> led.</summary>
    public static void SendToGroup(int leader, SignalNumber signal) => _ = Kill(-leader, (int)signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
