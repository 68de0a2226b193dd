namespace AnycastVip.Proxy.Tls;

/// <summary>How far a ClientHello has come.</summary>
internal enum HelloVerdict
{
    /// <summary>What is there may be the beginning of one.</summary>
    NeedMore,

    /// <summary>It is whole.</summary>
    Whole,

    /// <summary>The client speaks another protocol.</summary>
    NotTls,

    /// <summary>It breaks TLS: no server would take it.</summary>
    Fault,
}

/// <summary>
/// What a ClientHello (RFC 8446, section 4.1.2) says in the clear of where it wants to go. With Encrypted Client Hello
/// it is the outer one, the only one that can be read here. The spans are parts of the octets that it was read from.
/// </summary>
internal readonly ref struct ClientHello
{
    /// <summary>The host_name of server_name (RFC 6066) as sent; empty: none.</summary>
    public ReadOnlySpan<byte> ServerName { get; init; }

    /// <summary>The list of ALPN (RFC 7301), for <see cref="ProtocolNames"/>; empty: none.</summary>
    public ReadOnlySpan<byte> Protocols { get; init; }

    /// <summary>Whether encrypted_client_hello (RFC 9849) is there, which may be GREASE.</summary>
    public bool HasEncryptedClientHello { get; init; }
}

/// <summary>The protocol names of a client, in its order of preference.</summary>
internal ref struct ProtocolNames(ReadOnlySpan<byte> list)
{
    private OctetReader _reader = new(list);

    /// <summary>Takes the next one; false at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> name) => _reader.TryReadShortVector(1, out name);
}
