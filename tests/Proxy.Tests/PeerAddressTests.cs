using System.Net;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Tests;

public sealed class PeerAddressTests
{
    [Theory]
    [InlineData("192.0.2.7", 4)]
    [InlineData("2001:db8::7", 16)]
    public void An_address_keeps_its_family_octets_and_port(string text, int length)
    {
        var endpoint = new IPEndPoint(IPAddress.Parse(text), 65432);
        var peer = PeerAddress.Of(SocketName.Of(endpoint));
        Assert.Equal(length == 4, peer.IsIPv4);
        Assert.Equal(endpoint.Address.GetAddressBytes(), peer.Address.ToArray());
        Assert.Equal(endpoint.Address.MapToIPv6().GetAddressBytes(), peer.Mapped.ToArray());
        Assert.Equal(endpoint, peer.ToEndPoint());
    }
}
