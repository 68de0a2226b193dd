namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Walks prefixes as NLRI and Withdrawn Routes hold them, RFC 4271 section 4.3: <c>| length in bits 1 | address |</c>
/// with the fewest octets that hold the bits. Serves <c>foreach</c>.
/// </summary>
public ref struct NlriReader(ReadOnlySpan<byte> nlri, bool isIPv6)
{
    private ReadOnlySpan<byte> _rest = nlri;

    /// <summary>The prefix that <see cref="MoveNext"/> read.</summary>
    public Prefix Current { get; private set; }

    /// <summary>This reader.</summary>
    public readonly NlriReader GetEnumerator() => this;

    /// <summary>Reads the next prefix; false at the end, and where the rest is not a valid prefix.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        var length = _rest[0];
        var octets = OctetsOf(_rest, isIPv6);
        if (octets < 0)
            return false;
        Current = Prefix.FromNlri(isIPv6, _rest.Slice(1, octets), length);
        _rest = _rest[(octets + 1)..];
        return true;
    }

    /// <summary>Counts the prefixes without reading them; false when one is too long or cut off.</summary>
    public static bool TryCount(ReadOnlySpan<byte> nlri, bool isIPv6, out int count)
    {
        count = 0;
        while (!nlri.IsEmpty)
        {
            var octets = OctetsOf(nlri, isIPv6);
            if (octets < 0)
                return false;
            nlri = nlri[(octets + 1)..];
            count++;
        }
        return true;
    }

    // How many address octets the first prefix takes, -1 when it is too long or cut off.
    private static int OctetsOf(ReadOnlySpan<byte> nlri, bool isIPv6)
    {
        var length = nlri[0];
        var octets = (length + 7) >> 3;
        return length <= (isIPv6 ? 128 : 32) && octets < nlri.Length ? octets : -1;
    }
}
