namespace AnycastVip.Proxy.ProxyProtocol;

/// <summary>The command of a header of version 2; version 1 has PROXY only.</summary>
internal enum ProxyCommand : byte
{
    /// <summary>The sender speaks for itself (a health check): the connection's endpoints are the real ones.</summary>
    Local = 0,

    /// <summary>The sender relays: the header has the real endpoints.</summary>
    Proxy = 1,
}

/// <summary>The address family, as the upper half of version 2's octet 14.</summary>
internal enum ProxyFamily : byte
{
    Unspecified = 0,
    IPv4 = 1,
    IPv6 = 2,
    Unix = 3,
}

/// <summary>The transport protocol, as the lower half of version 2's octet 14.</summary>
internal enum ProxyTransport : byte
{
    Unspecified = 0,
    Stream = 1,
    Datagram = 2,
}

/// <summary>An end of a connection.</summary>
/// <param name="Family">IPv4 or IPv6; for any other the rest is zero.</param>
/// <param name="Address">The address as a number, an IPv4 one in the lower 32 bits.</param>
/// <param name="Port">0–65535.</param>
internal readonly record struct ProxyEndpoint(ProxyFamily Family, UInt128 Address, ushort Port);

/// <summary>What a header says. The spans are parts of the octets that it was read from.</summary>
internal readonly ref struct ProxyHeader
{
    /// <summary>How many octets it takes: what follows is the client's.</summary>
    public required int Length { get; init; }

    /// <summary>1 or 2.</summary>
    public required int Version { get; init; }

    public ProxyCommand Command { get; init; }

    /// <summary>Unspecified also for LOCAL and for version 1's UNKNOWN.</summary>
    public ProxyFamily Family { get; init; }

    public ProxyTransport Transport { get; init; }

    /// <summary>The client, where the family is IPv4 or IPv6.</summary>
    public ProxyEndpoint Source { get; init; }

    /// <summary>Where it connected to.</summary>
    public ProxyEndpoint Destination { get; init; }

    /// <summary>Where the family is Unix: source and destination, each of 108 octets, padded with zeros.</summary>
    public ReadOnlySpan<byte> UnixPaths { get; init; }

    /// <summary>What <see cref="TlvReader"/> reads: in the order sent, unknown types included.</summary>
    public ReadOnlySpan<byte> Tlvs { get; init; }

    /// <summary>Whether it names the ends of a TCP connection, which count in place of the socket's own.</summary>
    public bool HasEndpoints =>
        Command == ProxyCommand.Proxy && Transport == ProxyTransport.Stream
        && Family is ProxyFamily.IPv4 or ProxyFamily.IPv6;
}

/// <summary>How far a header has come.</summary>
internal enum HeaderVerdict
{
    /// <summary>What is there may be the beginning of one.</summary>
    NeedMore,

    /// <summary>It is whole.</summary>
    Whole,

    /// <summary>It breaks the specification, or is none: the connection must be dropped.</summary>
    Fault,
}
