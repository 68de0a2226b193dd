namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A node in which the tests run the whole of vipd, or parts of it.</summary>
/// <param name="lab">The lab.</param>
/// <param name="name">The node's name.</param>
/// <param name="number">The third octet of its addresses.</param>
internal sealed class VipNode(DeployedLab lab, string name, int number) : LabNode(lab, name)
{
    /// <summary>Its address towards the router.</summary>
    public string IPv4 => $"10.0.{number}.2";

    /// <summary>The same.</summary>
    public string IPv6 => $"2001:db8:{number}::2";

    /// <summary>A configuration: VIP 203.0.113.50 and 2001:db8:50::50, port 80, two backends, short times.</summary>
    /// <param name="vip">Further keys of the VIP, each line indented by four spaces.</param>
    /// <param name="more">Further sections.</param>
    public string Configuration(string vip = "", string more = "") => $$"""
        version: 1
        node: {name: {{Name}}, asn: 65001, routerId: {{IPv4}}}
        peerDefaults: {asn: 65100, holdTime: 9s}
        peers:
          - {name: router1-ipv4, address: 10.0.{{number}}.1, families: [ipv4]}
          - {name: router1-ipv6, address: "2001:db8:{{number}}::1", families: [ipv6]}
        speaker:
          allowedPrefixes:
            - {prefix: 203.0.113.0/24, ge: 32}
            - {prefix: "2001:db8:50::/48", ge: 128}
        checks:
          http-ok: {type: http, path: /healthz, interval: 1s, fastInterval: 200ms, timeout: 500ms}
        pools:
          web:
            check: http-ok
            backends:
              - {name: s1, address: "127.0.0.1:8081"}
              - {name: s2, address: "127.0.0.1:8082"}
        vips:
          - name: web
            addresses: [203.0.113.50, "2001:db8:50::50"]
            listeners: [{port: 80, pool: web}]
            damping: {readvertiseDelay: 1s}

        """ + vip + more;

    /// <summary>Starts the two backends and <c>vipd run</c>.</summary>
    public async Task<RunningNode> StartAsync(string? configuration = null)
    {
        var node = await RunningNode.CreateAsync(this, configuration ?? Configuration());
        await node.StartBackendAsync("s1");
        await node.StartBackendAsync("s2");
        await node.StartAsync();
        return node;
    }
}
