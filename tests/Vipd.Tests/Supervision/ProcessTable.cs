using System.Globalization;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>What /proc says of processes.</summary>
internal static class ProcessTable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Waits until a process runs no more; whoever inherited it may still have to collect it.</summary>
    public static Task Gone(int pid) =>
        Poll.Until(() => Stat(pid), stat => stat is null or ["Z", ..], Patience, $"process {pid} is gone");

    /// <summary>The process group of a process that runs.</summary>
    public static int Group(int pid) => int.Parse(Stat(pid)![2], CultureInfo.InvariantCulture);

    // State, parent, group …: the fields of proc_pid_stat(5) after the name, which may hold anything.
    private static string[]? Stat(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
