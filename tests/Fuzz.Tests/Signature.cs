namespace AnycastVip.Fuzz.Tests;

/// <summary>Folds what came of an input into one number (FNV-1a over whole values).</summary>
internal struct Signature()
{
    private ulong _hash = 14695981039346656037;

    public readonly ulong Value => _hash;

    public void Add(long value) => _hash = unchecked((_hash ^ (ulong)value) * 1099511628211);

    /// <summary>None, one or several: how many exactly is of no interest.</summary>
    public void AddCount(int count) => Add(Math.Min(count, 2));
}
