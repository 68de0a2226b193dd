using System.Globalization;

namespace AnycastVip.Netlab.Deployment;

/// <summary>Facts about processes from <c>/proc</c>; null when the process is gone.</summary>
internal static class ProcessFiles
{
    /// <summary>
    /// When a process started, in clock ticks since boot: with the pid, an identity that is never reused.
    /// </summary>
    public static long? StartTime(int pid)
    {
        // proc(5): field 22, counted after the name, which is in brackets and may hold blanks and brackets itself.
        var fields = Read(pid, "stat") is { } stat ? stat[(stat.LastIndexOf(')') + 2)..].Split(' ') : null;
        return fields is null ? null : long.Parse(fields[22 - 3], CultureInfo.InvariantCulture);
    }

    /// <summary>The program's name, as the kernel shortens it.</summary>
    public static string? Name(int pid) => Read(pid, "comm")?.TrimEnd();

    /// <summary>The first child of a process's main thread; null also when there is none.</summary>
    public static int? FirstChild(int pid)
    {
        var children = Read(pid, $"task/{pid}/children")?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return children is [var first, ..] ? int.Parse(first, CultureInfo.InvariantCulture) : null;
    }

    private static string? Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (IOException)
        {
            // No such process, or it ended between open and read (ESRCH).
            return null;
        }
    }
}
