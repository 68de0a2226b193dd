namespace AnycastVip.Vipctl.Capture;

/// <summary>What the octets of a frame begin with: the link types of the captures that we read.</summary>
internal enum LinkType
{
    /// <summary>Ethernet, also with VLAN tags.</summary>
    Ethernet = 1,

    /// <summary>IPv4 or IPv6 without anything in front.</summary>
    RawIp = 101,

    /// <summary>Linux's "any" interface: 16 octets in front.</summary>
    LinuxCooked = 113,

    /// <summary>IPv4 without anything in front.</summary>
    IPv4 = 228,

    /// <summary>IPv6 without anything in front.</summary>
    IPv6 = 229,

    /// <summary>Linux's "any" interface, version 2: 20 octets in front.</summary>
    LinuxCookedV2 = 276,
}

/// <summary>One frame of a capture.</summary>
/// <param name="Time">When it was captured; null when the capture does not say.</param>
/// <param name="Link">What it begins with; any number.</param>
/// <param name="Octets">What was captured of it.</param>
internal readonly record struct CapturedFrame(DateTimeOffset? Time, LinkType Link, byte[] Octets);
