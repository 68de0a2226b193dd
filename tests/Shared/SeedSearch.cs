using System.Globalization;

namespace AnycastVip.Tests;

/// <summary>Runs a simulation with many seeds: VIP_SEEDS says how many, VIP_SEED repeats one.</summary>
internal static class SeedSearch
{
    private const int LastTraceLines = 60;
    private const int WholeTrace = 20_000;

    /// <summary>The first failure that was found, with the end of its trace; null: there was none.</summary>
    /// <param name="defaultSeeds">Runs where VIP_SEEDS does not say.</param>
    /// <param name="find">Runs one seed, keeping so many lines of its trace; null: it did not fail.</param>
    /// <param name="searchLines">Trace lines kept while searching; a failure is then run again with more.</param>
    public static string? FirstFailure(
        int defaultSeeds, Func<ulong, int, string?> find, int searchLines = LastTraceLines)
    {
        if (Read("VIP_SEED") is { } single)
            return find(single, WholeTrace);
        var seeds = (long)(Read("VIP_SEEDS") ?? (ulong)defaultSeeds);
        string? failure = null;
        long last = 0;
        // Threads of their own: on the pool they would take every thread that the tests with sockets wait for.
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return failure;

        void Work()
        {
            while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref last) is var seed && seed <= seeds)
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
