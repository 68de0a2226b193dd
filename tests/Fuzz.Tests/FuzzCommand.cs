using System.Diagnostics;
using System.Globalization;

namespace AnycastVip.Fuzz.Tests;

/// <summary>
/// What tests/fuzz runs: every processor fuzzes until the time is over, the inputs are done or one breaks something.
/// </summary>
internal static class FuzzCommand
{
    private const int Ok = 0;
    private const int Broken = 1;
    private const int Usage = 2;

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(5);

    public static int Run(string[] arguments)
    {
        if (FuzzOptions.Parse(arguments, out var error) is not { } options)
        {
            Console.Error.WriteLine($"tests/fuzz: {error}");
            return Usage;
        }
        return options.Again is { } input ? RunAgain(options.Targets, input) : Search(options);
    }

    private static int RunAgain(IReadOnlyList<FuzzTarget> targets, byte[] input)
    {
        foreach (var target in targets)
        {
            if (FuzzRun.Try(target, input, out _) is { } broken)
                return Tell(new(target.Name, input, "", broken));
        }
        Console.WriteLine("nothing is broken");
        return Ok;
    }

    private static int Search(FuzzOptions options)
    {
        Console.WriteLine($"seed {options.Seed}, {options.Jobs} threads, targets "
            + string.Join(' ', options.Targets.Select(target => target.Name)));
        var runs = Enumerable.Range(0, options.Jobs)
            .Select(job => new FuzzRun(options.Seed + (ulong)job, FuzzTargets.Among(options.Targets)))
            .ToArray();
        Finding? found = null;
        var isOver = false;
        var threads = runs.Select(run => new Thread(() => Work(run)) { IsBackground = true }).ToList();
        var clock = Stopwatch.StartNew();
        threads.ForEach(thread => thread.Start());
        Watch();
        if (found is not null)
            return Tell(found);
        Console.WriteLine(Progress(runs, clock.Elapsed));
        foreach (var corpus in runs[0].Corpora)
            Console.WriteLine($"  {corpus.Target.Name,-14} corpus {corpus.Inputs.Count}, outcomes {corpus.Signatures}");
        options.Save(runs);
        Console.WriteLine("nothing is broken");
        return Ok;

        void Work(FuzzRun run)
        {
            Finding? finding = null;
            while (finding is null && !Volatile.Read(ref isOver))
                finding = run.Step();
            Interlocked.CompareExchange(ref found, finding, null);
        }

        // Also sees an input that never ends, which no thread can tell of itself.
        void Watch()
        {
            var done = runs.Select(run => (run.Done, At: clock.Elapsed)).ToArray();
            var reported = clock.Elapsed;
            while (Volatile.Read(ref found) is null
                && clock.Elapsed < options.Time && runs.Sum(run => run.Done) < options.Inputs)
            {
                threads[0].Join(Look);
                for (var job = 0; job < runs.Length; job++)
                {
                    if (runs[job].Done != done[job].Done)
                        done[job] = (runs[job].Done, clock.Elapsed);
                    else if (clock.Elapsed - done[job].At > Hang)
                        found ??= runs[job].Current($"no end within {Hang.TotalSeconds} s");
                }
                if (clock.Elapsed - reported < Report)
                    continue;
                reported = clock.Elapsed;
                Console.WriteLine(Progress(runs, clock.Elapsed));
            }
            Volatile.Write(ref isOver, true);
            if (found is null)
                threads.ForEach(thread => thread.Join());
        }
    }

    private static string Progress(FuzzRun[] runs, TimeSpan elapsed)
    {
        var done = runs.Sum(run => run.Done);
        var kept = runs.Sum(run => run.Corpora.Sum(corpus => corpus.Inputs.Count));
        var outcomes = runs.Sum(run => run.Corpora.Sum(corpus => corpus.Signatures));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{elapsed.TotalSeconds:0} s: {done} inputs, {done / elapsed.TotalSeconds:0}/s, corpus {kept}, "
                + $"outcomes {outcomes}");
    }

    private static int Tell(Finding finding)
    {
        var hex = Convert.ToHexStringLower(finding.Input);
        Console.WriteLine($"BROKEN: {finding.Target} {finding.Run}");
        Console.WriteLine(finding.What);
        Console.WriteLine($"again: tests/fuzz --target {finding.Target} --again {hex}");
        return Broken;
    }
}
