using System.Net;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public sealed class NetworksTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("192.0.2.1/32", "192.0.2.1", true)]
    [InlineData("192.0.2.1/32", "192.0.2.2", false)]
    [InlineData("0.0.0.0/0", "192.0.2.1", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("2001:db8::/33", "2001:db8:7fff::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::1/128", "::1", true)]
    [InlineData("10.0.0.0/8 192.0.2.0/24", "192.0.2.7", true)]
    [InlineData("", "192.0.2.7", false)]
    public void An_address_is_in_one_of_the_networks_or_in_none(string networks, string address, bool isIn)
    {
        var set = new Networks(
            networks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => IPNetwork.Parse(text)));

        Assert.Equal(isIn, set.Contains(PeerAddress.Of(IPAddress.Parse(address).GetAddressBytes(), 1)));
    }
}
