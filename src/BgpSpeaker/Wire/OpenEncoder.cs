using System.Buffers.Binary;
using System.Text;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Encodes OPEN, RFC 4271 section 4.2, with all capabilities in one optional parameter (RFC 5492).</summary>
public static class OpenEncoder
{
    // Both names and their length octets share a capability value of at most 255 octets.
    private const int MaximumNameLength = 126;

    /// <summary>
    /// The whole message. Where the optional parameters pass 255 octets they take the extended form of RFC 9072.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// A capability value passes 255 octets, or the message 4096: no OPEN can carry that.
    /// </exception>
    public static byte[] Encode(OpenMessage open)
    {
        var capabilities = EncodeCapabilities(open.Capabilities);
        var message = new List<byte>(MessageSize.MinimumOpen + capabilities.Count + 6);
        message.AddRange(Enumerable.Repeat((byte)0xFF, 16));
        AddUInt16(message, 0);
        message.Add((byte)MessageType.Open);
        message.Add(OpenMessage.Version);
        AddUInt16(message, open.MyAs);
        AddUInt16(message, open.HoldTimeSeconds);
        AddUInt32(message, open.BgpIdentifier);
        AddParameters(message, capabilities);
        if (message.Count > MessageSize.Maximum)
            throw new ArgumentException($"The OPEN takes {message.Count} octets.", nameof(open));

        var octets = message.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(octets.AsSpan(16), (ushort)octets.Length);
        return octets;
    }

    /// <summary>Capabilities in their wire form; also the data of N2/7, RFC 5492 section 5.</summary>
    /// <exception cref="ArgumentException">A capability value passes 255 octets.</exception>
    public static ValueList<byte> EncodeCapabilities(ValueList<Capability> capabilities)
    {
        var octets = new List<byte>();
        foreach (var capability in capabilities)
        {
            var value = EncodeValue(capability);
            if (value.Length > byte.MaxValue)
                throw new ArgumentException($"Capability {capability.Code} takes {value.Length} octets.");
            octets.Add(capability.Code);
            octets.Add((byte)value.Length);
            octets.AddRange(value);
        }
        return octets.ToValueList();
    }

    private static void AddParameters(List<byte> message, ValueList<byte> capabilities)
    {
        const int ParameterHeader = 2;
        if (capabilities.Count == 0)
        {
            message.Add(0);
        }
        else if (capabilities.Count + ParameterHeader <= byte.MaxValue)
        {
            message.Add((byte)(capabilities.Count + ParameterHeader));
            message.Add(OptionalParameterType.Capabilities);
            message.Add((byte)capabilities.Count);
        }
        else
        {
            // RFC 9072 section 2: the length octet "SHOULD be set to 255 on transmission".
            const int ExtendedParameterHeader = 3;
            message.Add(byte.MaxValue);
            message.Add(OptionalParameterType.ExtendedLength);
            AddUInt16(message, (ushort)(capabilities.Count + ExtendedParameterHeader));
            message.Add(OptionalParameterType.Capabilities);
            AddUInt16(message, (ushort)capabilities.Count);
        }
        message.AddRange(capabilities);
    }

    private static byte[] EncodeValue(Capability capability) => capability switch
    {
        MultiprotocolCapability { Family: var family } => [(byte)(family.Afi >> 8), (byte)family.Afi, 0, family.Safi],
        GracefulRestartCapability restart => EncodeGracefulRestart(restart),
        RoleCapability { Role: var role } => [(byte)role],
        ExtendedNextHopCapability { Encodings: var encodings } => [.. encodings.SelectMany(EncodeExtendedNextHop)],
        FourOctetAsCapability { As: var number } =>
            [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number],
        FqdnCapability fqdn => [.. EncodeName(fqdn.HostName), .. EncodeName(fqdn.DomainName)],
        AddPathCapability { Families: var families } => [.. families.SelectMany(EncodeAddPath)],
        UnknownCapability unknown => [.. unknown.Value],
        _ => [],
    };

    private static byte[] EncodeGracefulRestart(GracefulRestartCapability restart)
    {
        var flags = (restart.RestartState ? 0x8000 : 0) | (restart.GracefulNotification ? 0x4000 : 0);
        var octets = new List<byte>();
        var restartTime = restart.RestartTimeSeconds & GracefulRestartCapability.MaximumRestartTime;
        AddUInt16(octets, (ushort)(flags | restartTime));
        foreach (var (family, forwardingState) in restart.Families)
        {
            AddUInt16(octets, family.Afi);
            octets.Add(family.Safi);
            octets.Add((byte)(forwardingState ? 0x80 : 0));
        }
        return [.. octets];
    }

    private static byte[] EncodeExtendedNextHop(ExtendedNextHop encoding) =>
    [
        (byte)(encoding.NlriAfi >> 8), (byte)encoding.NlriAfi, (byte)(encoding.NlriSafi >> 8), (byte)encoding.NlriSafi,
        (byte)(encoding.NextHopAfi >> 8), (byte)encoding.NextHopAfi,
    ];
    private static byte[] EncodeAddPath(AddPathFamily each) =>
        [(byte)(each.Family.Afi >> 8), (byte)each.Family.Afi, each.Family.Safi, (byte)each.Mode];

    private static byte[] EncodeName(string name)
    {
        Span<byte> octets = stackalloc byte[MaximumNameLength];
        // Cuts a name that is too long between two characters, never inside one.
        Encoder encoder = Encoding.UTF8.GetEncoder();
        encoder.Convert(name, octets, flush: true, out _, out var length, out _);
        return [(byte)length, .. octets[..length]];
    }

    private static void AddUInt16(List<byte> octets, ushort value)
    {
        octets.Add((byte)(value >> 8));
        octets.Add((byte)value);
    }

    private static void AddUInt32(List<byte> octets, uint value)
    {
        AddUInt16(octets, (ushort)(value >> 16));
        AddUInt16(octets, (ushort)value);
    }
}
