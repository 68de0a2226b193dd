using System.Globalization;

namespace AnycastVip.Bench;

/// <summary>What every figure depends on.</summary>
internal static class Machine
{
    /// <summary>Processor, cores, kernel and runtime in one line.</summary>
    public static string Describe()
    {
        var model = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{model ?? "unknown processor"}, {Environment.ProcessorCount} cores, "
            + $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, .NET {Environment.Version}");
    }
}
