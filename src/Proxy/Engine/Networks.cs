using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AnycastVip.Proxy.Engine;

/// <summary>A set of networks, to be asked without an object.</summary>
internal sealed class Networks(IEnumerable<IPNetwork> networks)
{
    private const int Bits = 128;
    private const int MappedBits = 96;

    private readonly (UInt128 Address, UInt128 Mask)[] _items = [.. networks.Select(Compile)];

    /// <summary>Whether one of them has the address.</summary>
    public bool Contains(in PeerAddress address)
    {
        var number = BinaryPrimitives.ReadUInt128BigEndian(address.Mapped);
        foreach (var (network, mask) in _items)
        {
            if ((number & mask) == network)
                return true;
        }
        return false;
    }

    private static (UInt128, UInt128) Compile(IPNetwork network)
    {
        var isIPv4 = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var length = network.PrefixLength + (isIPv4 ? MappedBits : 0);
        var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (Bits - length);
        var address = PeerAddress.Of(network.BaseAddress.GetAddressBytes(), port: 0);
        return (BinaryPrimitives.ReadUInt128BigEndian(address.Mapped) & mask, mask);
    }
}
