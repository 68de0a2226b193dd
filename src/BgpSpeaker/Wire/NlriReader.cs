using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Walks prefixes as NLRI and Withdrawn Routes hold them, RFC 4271 section 4.3: <c>| length in bits 1 | address |</c>
/// with the fewest octets that hold the bits; with ADD-PATH <c>| path identifier 4 |</c> in front of each (RFC 7911
/// section 3). Serves <c>foreach</c>.
/// </summary>
public ref struct NlriReader(ReadOnlySpan<byte> nlri, bool isIPv6, bool hasPathIds = false)
{
    private const int PathIdLength = 4;

    private ReadOnlySpan<byte> _rest = nlri;

    /// <summary>The prefix that <see cref="MoveNext"/> read.</summary>
    public Prefix Current { get; private set; }

    /// <summary>The path identifier in front of <see cref="Current"/>; 0 without ADD-PATH.</summary>
    public uint PathId { get; private set; }

    /// <summary>This reader.</summary>
    public readonly NlriReader GetEnumerator() => this;

    /// <summary>Reads the next prefix; false at the end, and where the rest is not a valid prefix.</summary>
    public bool MoveNext()
    {
        var front = _rest;
        if (!TryTakePrefix(ref _rest, isIPv6, hasPathIds, out var prefix))
            return false;
        PathId = hasPathIds ? BinaryPrimitives.ReadUInt32BigEndian(front) : 0;
        Current = Prefix.FromNlri(isIPv6, prefix[1..], prefix[0]);
        return true;
    }

    /// <summary>Counts the prefixes without reading them; false when one is too long or cut off.</summary>
    public static bool TryCount(ReadOnlySpan<byte> nlri, bool isIPv6, bool hasPathIds, out int count)
    {
        count = 0;
        while (TryTakePrefix(ref nlri, isIPv6, hasPathIds, out _))
            count++;
        return nlri.IsEmpty;
    }

    // Takes the first prefix, its length in front; false where there is none, or one that is too long or cut off.
    private static bool TryTakePrefix(
        ref ReadOnlySpan<byte> nlri, bool isIPv6, bool hasPathIds, out ReadOnlySpan<byte> prefix)
    {
        prefix = default;
        var lengthAt = hasPathIds ? PathIdLength : 0;
        if (nlri.Length <= lengthAt)
            return false;
        var length = nlri[lengthAt];
        var end = lengthAt + 1 + ((length + 7) >> 3);
        if (length > (isIPv6 ? 128 : 32) || end > nlri.Length)
            return false;
        prefix = nlri[lengthAt..end];
        nlri = nlri[end..];
        return true;
    }
}
