namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>An address family and subsequent address family, RFC 4760 section 3.</summary>
/// <param name="Afi">Address Family Identifier: 1 IPv4, 2 IPv6.</param>
/// <param name="Safi">Subsequent Address Family Identifier: 1 unicast.</param>
public readonly record struct Family(ushort Afi, byte Safi)
{
    /// <summary>IPv4 unicast.</summary>
    public static readonly Family IPv4Unicast = new(1, 1);

    /// <summary>IPv6 unicast.</summary>
    public static readonly Family IPv6Unicast = new(2, 1);

    /// <summary><c>ipv4-unicast</c>, <c>ipv6-unicast</c>, or <c>afi/safi</c> in numbers.</summary>
    public override string ToString() =>
        this == IPv4Unicast ? "ipv4-unicast" : this == IPv6Unicast ? "ipv6-unicast" : $"{Afi}/{Safi}";
}
