using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;

namespace AnycastVip.HealthGate.Tests.Runtime;

public sealed class OwnHeaderTests
{
    [Theory]
    [InlineData(ProxyProtocol.None, "")]
    [InlineData(ProxyProtocol.Version1, "50524f585920554e4b4e4f574e0d0a")]
    [InlineData(ProxyProtocol.Version2, "0d0a0d0a000d0a515549540a20000000")]
    public void A_check_says_that_it_speaks_for_itself(ProxyProtocol version, string hex) =>
        Assert.Equal(hex, Convert.ToHexStringLower(OwnHeader.Of(version).Span));
}
