using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// What a check sends first where a header of the PROXY protocol is expected: that the connection is its sender's own,
/// so that the backend takes it for no client's (proxy-protocol.txt, section 2).
/// </summary>
internal static class OwnHeader
{
    // LOCAL, without addresses: the signature, version and command, family, a length of 0.
    private static readonly byte[] Local = [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x20, 0, 0, 0];

    // Version 1 has no LOCAL. UNKNOWN says to look at the connection itself, which comes to the same.
    private static readonly byte[] Unknown = [.. "PROXY UNKNOWN\r\n"u8];

    /// <summary>The octets; none where no header is expected.</summary>
    public static ReadOnlyMemory<byte> Of(ProxyProtocol version) => version switch
    {
        ProxyProtocol.Version1 => Unknown,
        ProxyProtocol.Version2 => Local,
        _ => default,
    };
}
