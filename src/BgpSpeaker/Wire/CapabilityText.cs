namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Capabilities as views name them.</summary>
public static class CapabilityText
{
    /// <summary>One word, with the value where there is one: <c>four-octet-as 65001</c>.</summary>
    public static string For(Capability capability) => capability switch
    {
        MultiprotocolCapability multiprotocol => $"multiprotocol {multiprotocol.Family}",
        RouteRefreshCapability => "route-refresh",
        ExtendedMessageCapability => "extended-message",
        FourOctetAsCapability fourOctetAs => $"four-octet-as {fourOctetAs.As}",
        EnhancedRouteRefreshCapability => "enhanced-route-refresh",
        FqdnCapability fqdn => $"fqdn {fqdn.HostName}",
        _ => $"capability {capability.Code}",
    };
}
