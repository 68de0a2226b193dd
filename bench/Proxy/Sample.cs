using System.Diagnostics;

namespace AnycastVip.Bench.Proxy;

/// <summary>What one round of one proxy gave.</summary>
/// <param name="PerSecond">Operations (octets, for streams) per second.</param>
/// <param name="CpuPerOperation">Of the proxy's processes, in nanoseconds; NaN without a proxy.</param>
/// <param name="Failed">Operations that failed.</param>
/// <param name="Latencies">Of every operation, in stopwatch ticks, ascending; empty unless they were timed.</param>
internal sealed record Sample(double PerSecond, double CpuPerOperation, long Failed, long[] Latencies)
{
    /// <summary>A latency in microseconds.</summary>
    /// <param name="share">Of the operations which took no longer, 0–1.</param>
    public double Percentile(double share) =>
        Latencies[(int)Math.Min(Latencies.Length - 1, Latencies.Length * share)] * 1e6 / Stopwatch.Frequency;
}
