namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Hashes that are the same in every process and on every node, so that all of them send a source to one backend.
/// </summary>
internal static class Hashing
{
    /// <summary>
    /// Spreads a number: each bit of the result depends on each of the input (SplitMix64's finalizer).
    /// </summary>
    public static ulong Mix(ulong value)
    {
        value = unchecked((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9);
        value = unchecked((value ^ (value >> 27)) * 0x94D049BB133111EB);
        return value ^ (value >> 31);
    }

    /// <summary>The hash of a backend's name.</summary>
    public static ulong OfName(string name)
    {
        // FNV-1a over the characters, then spread: FNV alone leaves names of equal beginning close together.
        var hash = 0xCBF29CE484222325;
        foreach (var character in name)
            hash = unchecked((hash ^ character) * 0x100000001B3);
        return Mix(hash);
    }

    /// <summary>Above 0, up to 1, evenly.</summary>
    public static double ToUnit(ulong hash) => ((hash >> 11) + 1) / (double)(1UL << 53);
}
