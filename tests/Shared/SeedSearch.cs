using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Tests;

/// <summary>
/// Runs a simulation with many seeds: VIP_SEEDS says how many, VIP_FIRST_SEED from which on, VIP_SEED repeats one. With
/// VIP_PROGRESS set it says how far it is, on standard error.
/// </summary>
internal static class SeedSearch
{
    private const int LastTraceLines = 60;
    private const int WholeTrace = 20_000;
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(5);

    /// <summary>The first failure that was found, with the end of its trace; null: there was none.</summary>
    /// <param name="defaultSeeds">Runs where VIP_SEEDS does not say.</param>
    /// <param name="find">Runs one seed, keeping so many lines of its trace; null: it did not fail.</param>
    /// <param name="searchLines">Trace lines kept while searching; a failure is then run again with more.</param>
    public static string? FirstFailure(
        int defaultSeeds, Func<ulong, int, string?> find, int searchLines = LastTraceLines)
    {
        if (Read("VIP_SEED") is { } single)
            return find(single, WholeTrace);
        var count = (long)(Read("VIP_SEEDS") ?? (ulong)defaultSeeds);
        var before = (long)(Read("VIP_FIRST_SEED") ?? 1) - 1;
        string? failure = null;
        var last = before;
        var clock = Stopwatch.StartNew();
        // Threads of their own: on the pool they would take every thread that the tests with sockets wait for.
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        if (Environment.GetEnvironmentVariable("VIP_PROGRESS") is not null)
        {
            while (!threads[0].Join(Report))
                Tell();
        }
        threads.ForEach(thread => thread.Join());
        return failure;

        void Tell()
        {
            var done = Math.Min(Volatile.Read(ref last) - before, count);
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"   {done} of {count} seeds from {before + 1}, {done / clock.Elapsed.TotalSeconds:0}/s"));
        }

        void Work()
        {
            while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref last) is var seed
                && seed <= before + count)
            {
                if (find((ulong)seed, searchLines) is { } found)
                    Interlocked.CompareExchange(
                        ref failure, searchLines < LastTraceLines ? find((ulong)seed, LastTraceLines) : found, null);
            }
        }
    }

    private static ulong? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
