using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests;

/// <summary>A decoder broke one of its promises.</summary>
internal sealed class PromiseBroken(string message) : Exception(message)
{
    /// <summary>Throws unless <paramref name="holds"/>.</summary>
    public static void Unless(bool holds, string promise)
    {
        if (!holds)
            throw new PromiseBroken(promise);
    }
}

/// <summary>
/// One decoder, or what takes its answers. An input says everything: the session that it is read in stands in its first
/// octets, so that an input alone repeats a failure.
/// </summary>
internal abstract class FuzzTarget
{
    /// <summary>Its name on the command line and the name of its corpus.</summary>
    public abstract string Name { get; }

    /// <summary>How many of each 100 inputs it gets; slow ones get few.</summary>
    public abstract int Share { get; }

    /// <summary>How many octets an input may make it allocate, whatever the input says.</summary>
    public abstract long AllocationBound(int inputLength);

    /// <summary>Inputs to begin with, besides its corpus.</summary>
    public abstract IEnumerable<byte[]> Seeds();

    /// <summary>A fresh input by the format's grammar; null: it has none, only mutations.</summary>
    public virtual byte[]? Generate(Chance chance) => null;

    /// <summary>Changes a mutated input so that it gets past the first checks; mostly nothing.</summary>
    public virtual void Repair(List<byte> input)
    {
    }

    /// <summary>Runs one input.</summary>
    /// <returns>What came of it, as a number: an input with a new one is worth keeping.</returns>
    /// <exception cref="PromiseBroken">A promise does not hold.</exception>
    public abstract ulong Run(ReadOnlySpan<byte> input);
}
