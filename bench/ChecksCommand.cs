using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Bench;

/// <summary><c>checks</c>: what health checks cost the process that makes them.</summary>
internal static class ChecksCommand
{
    public static async Task<int> RunAsync()
    {
        await using var targets = new CheckTargets(new int[ChecksWorker.Rows.Max(row => row.Checks)]);
        Console.WriteLine(Machine.Describe());
        Console.WriteLine(ChecksWorker.Header);
        foreach (var row in ChecksWorker.Rows)
        {
            if (await MeasureAsync(row.Name, targets) != 0)
                return 1;
        }
        return 0;
    }

    // The targets stay here: the other process pays for the checks alone.
    private static async Task<int> MeasureAsync(string row, CheckTargets targets)
    {
        var ports = targets.Ports.Select(port => port.ToString(CultureInfo.InvariantCulture));
        var start = new ProcessStartInfo(
            Environment.ProcessPath!, [ChecksWorker.Command, row, string.Join(',', ports)]);
        using var worker = Process.Start(start)!;
        await worker.WaitForExitAsync();
        return worker.ExitCode;
    }
}
