using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests;

/// <summary>An input that broke a promise.</summary>
/// <param name="Target">Whose.</param>
/// <param name="Input">All that it takes to see it again.</param>
/// <param name="Run">Which input of which run it was, in words; empty for one that was given.</param>
/// <param name="What">What happened.</param>
internal sealed record Finding(string Target, byte[] Input, string Run, string What);

/// <summary>
/// One thread's run: the same seed over the same corpora makes the same inputs. Guided by what comes of them: an input
/// with an outcome that was not seen before joins its corpus.
/// </summary>
internal sealed class FuzzRun
{
    private readonly ulong _seed;
    private readonly Chance _chance;
    private readonly Mutator _mutator;
    private readonly Corpus[] _corpora;
    private readonly Corpus[] _shares;
    private byte[] _input = [];
    private Corpus _corpus;

    public FuzzRun(ulong seed, IEnumerable<FuzzTarget> targets)
    {
        _seed = seed;
        _chance = new Chance(seed);
        _mutator = new Mutator(_chance);
        _corpora = [.. targets.Select(target => new Corpus(target))];
        _shares = [.. _corpora.SelectMany(corpus => Enumerable.Repeat(corpus, corpus.Target.Share))];
        _corpus = _corpora[0];
    }

    public IReadOnlyList<Corpus> Corpora => _corpora;

    /// <summary>How many inputs have been run; read by the thread that watches for hangs.</summary>
    public long Done { get; private set; }

    /// <summary>What is being run.</summary>
    public Finding Current(string what) => new(_corpus.Target.Name, _input, $"seed {_seed}, input {Done}", what);

    /// <summary>Runs one input.</summary>
    /// <returns>What it broke; null: nothing.</returns>
    public Finding? Step()
    {
        _corpus = _shares[_chance.Below(_shares.Length)];
        _input = _mutator.Next(_corpus);
        var broken = Try(_corpus.Target, _input, out var signature);
        if (broken is not null)
            return Current(broken);
        _corpus.Learn(_input, signature);
        Done++;
        return null;
    }

    /// <summary>Runs one input; the answer is what it broke, or null.</summary>
    public static string? Try(FuzzTarget target, byte[] input, out ulong signature)
    {
        signature = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            signature = target.Run(input);
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var bound = target.AllocationBound(input.Length);
        return allocated <= bound
            ? null
            : $"{input.Length} octets made it allocate {allocated} octets, more than {bound}";
    }
}
