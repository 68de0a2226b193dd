namespace AnycastVip.Proxy.Tls;

/// <summary>Reads the body of a ClientHello (RFC 8446, section 4.1.2) that is whole.</summary>
internal static class ClientHelloParser
{
    private const int RandomLength = 32;
    private const int MaximumSessionId = 32;
    private const ushort ServerName = 0;
    private const ushort ApplicationLayerProtocolNegotiation = 16;
    private const ushort EncryptedClientHello = 0xFE0D;
    private const byte HostName = 0;

    public static bool TryParse(ReadOnlySpan<byte> body, out ClientHello hello, out string fault)
    {
        hello = default;
        fault = "";
        var reader = new OctetReader(body);
        if (!reader.TrySkip(sizeof(ushort) + RandomLength)
            || !reader.TryReadShortVector(0, out var session) || session.Length > MaximumSessionId
            || !reader.TryReadVector(sizeof(ushort), out var suites) || suites.Length % sizeof(ushort) != 0
            || !reader.TryReadShortVector(1, out _))
            return Fail(out fault, "the hello's fixed fields are broken");
        // Before TLS 1.3 a hello may end here.
        if (reader.IsAtEnd)
            return true;
        return reader.TryReadVector(0, out var extensions) && reader.IsAtEnd
            ? TryParseExtensions(extensions, out hello, out fault)
            : Fail(out fault, "the extensions do not end where the hello does");
    }

    // Only the three of use are looked into; the rest, GREASE (RFC 8701) included, is the server's matter.
    private static bool TryParseExtensions(ReadOnlySpan<byte> extensions, out ClientHello hello, out string fault)
    {
        hello = default;
        fault = "";
        var reader = new OctetReader(extensions);
        ReadOnlySpan<byte> name = default, protocols = default;
        var hasEncrypted = false;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadUInt16(out var type) || !reader.TryReadVector(0, out var content))
                return Fail(out fault, "an extension is cut");
            switch (type)
            {
                case ServerName when !name.IsEmpty:
                case ApplicationLayerProtocolNegotiation when !protocols.IsEmpty:
                case EncryptedClientHello when hasEncrypted:
                    return Fail(out fault, "an extension stands there twice");
                case ServerName when !TryParseServerName(content, out name):
                    return Fail(out fault, "server_name is broken");
                case ApplicationLayerProtocolNegotiation when !TryParseProtocols(content, out protocols):
                    return Fail(out fault, "application_layer_protocol_negotiation is broken");
                case EncryptedClientHello:
                    hasEncrypted = true;
                    break;
                default:
                    break;
            }
        }
        hello = new() { ServerName = name, Protocols = protocols, HasEncryptedClientHello = hasEncrypted };
        return true;
    }

    // RFC 6066, section 3: one name of each type; host_name is the only type that there is.
    private static bool TryParseServerName(ReadOnlySpan<byte> content, out ReadOnlySpan<byte> name)
    {
        var reader = new OctetReader(content);
        name = default;
        if (!reader.TryReadVector(1, out var list) || !reader.IsAtEnd)
            return false;
        var names = new OctetReader(list);
        return names.TryReadByte(out var type) && type == HostName
            && names.TryReadVector(1, out name) && names.IsAtEnd;
    }

    // RFC 7301, section 3.1: names of 1 to 255 octets, at least one.
    private static bool TryParseProtocols(ReadOnlySpan<byte> content, out ReadOnlySpan<byte> protocols)
    {
        var reader = new OctetReader(content);
        if (!reader.TryReadVector(2, out protocols) || !reader.IsAtEnd)
            return false;
        var names = new OctetReader(protocols);
        while (!names.IsAtEnd)
        {
            if (!names.TryReadShortVector(1, out _))
                return false;
        }
        return true;
    }

    private static bool Fail(out string fault, string what)
    {
        fault = what;
        return false;
    }
}
