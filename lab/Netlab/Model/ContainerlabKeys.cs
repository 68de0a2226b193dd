using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>
/// Keys of containerlab's schema that netlab does not take, so that they can be refused as what they are.
/// </summary>
internal static class ContainerlabKeys
{
    /// <summary>
    /// At the top of the file. Nodes have no management network here, so <c>mgmt</c> could have no effect.
    /// </summary>
    public static readonly IReadOnlyCollection<string> Root = ["debug", "mgmt", "settings"];

    /// <summary>In defaults, kinds, groups and nodes.</summary>
    public static readonly IReadOnlyCollection<string> Node =
    [
        "aliases", "auto-remove", "cap-add", "certificate", "components", "config", "cpu", "cpu-set", "credentials",
        "devices", "dns", "enforce-startup-config", "entrypoint", "env-files", "extras", "healthcheck",
        "image-pull-policy", "kernel", "labels", "license", "memory", "mgmt-ipv4", "mgmt-ipv6", "mgmt_ipv4",
        "mgmt_ipv6", "ports", "position", "publish", "restart-policy", "runtime", "sandbox", "shm-size", "stages",
        "startup-config", "startup-delay", "suppress-startup-config", "type", "user", "wait-for",
    ];

    /// <summary>In a link.</summary>
    public static readonly IReadOnlyCollection<string> Link =
    [
        "dst-udp-port", "endpoint", "host-interface", "ipv4", "ipv6", "labels", "mode", "remote", "src-udp-port",
        "vars", "vni",
    ];

    /// <summary>In one end of an extended link.</summary>
    public static readonly IReadOnlyCollection<string> LinkEnd = ["ipv4", "ipv6", "mac", "vars"];

    /// <summary>Node names that mean something else in a link's ends.</summary>
    public static readonly IReadOnlyCollection<string> SpecialNodes = ["dummy", "host", "macvlan", "mgmt-net", "vxlan"];

    /// <summary>Completes the message about such a key.</summary>
    public const string Reason = "is not supported by netlab";

    /// <summary>Refuses such keys where they occur.</summary>
    public static void RefuseIn(MappingReader keys, IEnumerable<string> refused)
    {
        foreach (var key in refused)
            keys.Refuse(key, Reason);
    }
}
