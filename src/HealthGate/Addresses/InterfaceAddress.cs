using System.Net;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>An address as the kernel tells it in an RTM_NEWADDR or RTM_DELADDR message (rtnetlink(7)).</summary>
/// <param name="InterfaceIndex">The index of the interface that holds it.</param>
/// <param name="Address">IPv4 or IPv6.</param>
/// <param name="PrefixLength">0–32 or 0–128.</param>
/// <param name="Protocol">IFA_PROTO: who configured it; 0 when nobody said (Linux 5.18 or newer).</param>
public sealed record InterfaceAddress(int InterfaceIndex, IPAddress Address, int PrefixLength, byte Protocol)
{
    /// <summary>
    /// The IFA_PROTO of this program's addresses: 86, ASCII 'V'. The kernel uses 1–3 (linux/if_addr.h) and leaves the
    /// rest to programs. A later run knows its own by it, so no state file can disagree with the kernel.
    /// </summary>
    public const byte OwnProtocol = 86;

    /// <summary>The prefix length of one address alone: 32 or 128.</summary>
    public static int HostLength(IPAddress address) => address.GetAddressBytes().Length * 8;

    /// <summary>True when this program, now or in an earlier run, put it on this interface.</summary>
    public bool IsOwn(int interfaceIndex) =>
        InterfaceIndex == interfaceIndex && Protocol == OwnProtocol && PrefixLength == HostLength(Address);
}
