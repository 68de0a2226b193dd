using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace AnycastVip.Bench;

/// <summary><c>codec</c>: how long the decoder and the encoder take for one message.</summary>
internal static class CodecCommand
{
    public static int Run()
    {
        // In this process and short: the figures are tens of nanoseconds, and a minute is all that anyone waits. Many
        // short iterations, so that on a busy machine some run undisturbed: the fastest is theirs.
        var job = Job.Default
            .WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(1), logOutput: false))
            .WithWarmupCount(20)
            .WithIterationCount(50)
            .WithIterationTime(TimeInterval.FromMilliseconds(20));
        var config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddLogger(NullLogger.Instance)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithOptions(ConfigOptions.DisableLogFile);
        var summary = BenchmarkRunner.Run<CodecBenchmarks>(config);
        foreach (var error in summary.ValidationErrors.Where(error => error.IsCritical))
            Console.Error.WriteLine(error.Message);
        Print(summary);
        return summary.Reports.All(report => report.Success) && summary.Reports.Length > 0 ? 0 : 1;
    }

    private static void Print(Summary summary)
    {
        Console.WriteLine($"{"",-44}{"median",12}{"fastest",12}{"allocated",12}");
        foreach (var report in summary.Reports.Where(report => report.ResultStatistics is not null))
        {
            var statistics = report.ResultStatistics!;
            var name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
            var allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-44}{statistics.Median,9:F1} ns{statistics.Min,9:F1} ns{allocated,10} B"));
        }
    }
}
