using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests;

/// <summary>Makes inputs: by a target's grammar, or from those of its corpus by a few changes.</summary>
internal sealed class Mutator(Chance chance)
{
    private const int LongestInput = 70_000;
    private const int LongestSplice = 64;

    private readonly List<byte> _octets = [];

    /// <summary>The next input for a target.</summary>
    public byte[] Next(Corpus corpus)
    {
        if (chance.Percent(35) && corpus.Target.Generate(chance) is { } generated)
        {
            if (chance.Percent(60))
                return generated;
            Load(generated);
        }
        else
        {
            Load(Pick(corpus));
        }
        for (var left = 1 + chance.Below(5); left > 0; left--)
            Mutate(corpus);
        if (chance.Percent(90))
            corpus.Target.Repair(_octets);
        return [.. _octets];
    }

    // Long inputs are rare among the seeds and slow: they are taken as they are now and then only.
    private void Load(byte[] input)
    {
        _octets.Clear();
        _octets.AddRange(input.Length <= 512 || chance.Percent(5) ? input : input.AsSpan(0, 512));
    }

    private byte[] Pick(Corpus corpus) =>
        corpus.Inputs.Count == 0 ? [] : corpus.Inputs[chance.Below(corpus.Inputs.Count)];

    private void Mutate(Corpus corpus)
    {
        if (_octets.Count == 0)
        {
            _octets.Add(Octet());
            return;
        }
        var at = chance.Below(_octets.Count);
        switch (chance.Below(9))
        {
            case 0:
                _octets[at] ^= (byte)(1 << chance.Below(8));
                break;
            case 1:
                _octets[at] = Octet();
                break;
            case 2:
                _octets.Insert(at, Octet());
                break;
            case 3:
                _octets.RemoveAt(at);
                break;
            case 4:
                _octets.RemoveRange(at, _octets.Count - at);
                break;
            case 5:
                _octets.RemoveRange(at, Math.Min(chance.Below(16), _octets.Count - at));
                break;
            case 6:
                Splice(at, [.. _octets]);
                break;
            case 7:
                Splice(at, Pick(corpus));
                break;
            default:
                _octets[at] = unchecked((byte)(_octets[at] + chance.Pick(1, -1, 2, -2, 16, -16)));
                break;
        }
    }

    // Fields repeat in all formats: a piece of the same or another input is often one.
    private void Splice(int at, byte[] source)
    {
        if (source.Length == 0 || _octets.Count > LongestInput)
            return;
        var from = chance.Below(source.Length);
        _octets.InsertRange(at, source.AsSpan(from, Math.Min(1 + chance.Below(LongestSplice), source.Length - from)));
    }

    // Lengths, types and counts are small or extreme mostly.
    private byte Octet() => chance.Below(3) switch
    {
        0 => (byte)chance.Below(24),
        1 => (byte)(byte.MaxValue - chance.Below(4)),
        _ => (byte)chance.Below(256),
    };
}
