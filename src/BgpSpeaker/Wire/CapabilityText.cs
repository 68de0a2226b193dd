namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>Capabilities in words.</summary>
public static class CapabilityText
{
    /// <summary>Name and content: <c>multiprotocol ipv6-unicast</c>, <c>four-octet-as 65002</c>.</summary>
    public static string Of(Capability capability) => capability switch
    {
        MultiprotocolCapability multiprotocol => $"{NameOf(capability)} {multiprotocol.Family}",
        GracefulRestartCapability restart => $"{NameOf(capability)} {Of(restart)}",
        ExtendedNextHopCapability extended => $"{NameOf(capability)} {string.Join(", ", extended.Encodings)}",
        FourOctetAsCapability fourOctetAs => $"{NameOf(capability)} {fourOctetAs.As}",
        RoleCapability role => $"{NameOf(capability)} {BgpRoles.NameOf(role.Role)}",
        AddPathCapability { Families.Count: > 0 } addPath =>
            $"{NameOf(capability)} {string.Join(", ", addPath.Families.Select(Of))}",
        FqdnCapability { DomainName: "" } fqdn => $"{NameOf(capability)} {NotificationText.Printable(fqdn.HostName)}",
        FqdnCapability fqdn =>
            $"{NameOf(capability)} {NotificationText.Printable($"{fqdn.HostName}.{fqdn.DomainName}")}",
        UnknownCapability { Value.Count: > 0 } unknown => $"{NameOf(capability)} {unknown.Value}",
        _ => NameOf(capability),
    };

    private static string Of(AddPathFamily each) => each.Mode switch
    {
        AddPathMode.Receive => $"{each.Family} receive",
        AddPathMode.Send => $"{each.Family} send",
        _ => $"{each.Family} send and receive",
    };

    /// <summary>A short name for views: <c>route-refresh</c>; <c>capability-200</c> where none is known.</summary>
    public static string NameOf(Capability capability) => capability.Code switch
    {
        CapabilityCode.Multiprotocol => "multiprotocol",
        CapabilityCode.RouteRefresh => "route-refresh",
        CapabilityCode.ExtendedNextHop => "extended-next-hop",
        CapabilityCode.ExtendedMessage => "extended-message",
        CapabilityCode.Role => "role",
        CapabilityCode.GracefulRestart => "graceful-restart",
        CapabilityCode.FourOctetAs => "four-octet-as",
        CapabilityCode.AddPath => "add-path",
        CapabilityCode.EnhancedRouteRefresh => "enhanced-route-refresh",
        71 => "long-lived-graceful-restart",
        CapabilityCode.Fqdn => "fqdn",
        75 => "software-version",
        128 => "route-refresh-cisco",
        _ => $"capability-{capability.Code}",
    };

    // "15 s R N, ipv4-unicast F, ipv6-unicast": the bits as RFC 4724 and RFC 8538 name them.
    private static string Of(GracefulRestartCapability restart)
    {
        var bits = (restart.RestartState ? " R" : "") + (restart.GracefulNotification ? " N" : "");
        var families = restart.Families.Select(item => $", {item.Family}{(item.ForwardingState ? " F" : "")}");
        return $"{restart.RestartTimeSeconds} s{bits}{string.Concat(families)}";
    }
}
