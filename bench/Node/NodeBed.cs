using System.Net;

namespace AnycastVip.Bench.Node;

/// <summary>A collector, and a node that announces to it VIPs with two backends.</summary>
internal sealed class NodeBed : IDisposable
{
    public const int VipPort = 80;
    public static readonly int[] BackendPorts = [8081, 8082];

    private const int CollectorPort = 1179;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly int _vips;

    /// <summary>Starts the collector; the node is not started.</summary>
    /// <param name="vips">How many addresses the node's VIP has.</param>
    /// <param name="check">Keys of the backends' http check.</param>
    public NodeBed(int vips, string check)
    {
        _vips = vips;
        Collector = new(new(IPAddress.Parse(OwnNetwork.PeerAddress), CollectorPort));
        Node = new(Configuration(vips, check));
    }

    public BgpCollector Collector { get; }

    public VipdNode Node { get; }

    /// <summary>One line about what the figures were measured against.</summary>
    public static string Description =>
        $"vipd against a BGP collector (hold time 9 s) over loopback, 2 backends on one VIP, in a namespace of its own";

    public static IPAddress Vip(int number) => IPAddress.Parse($"203.0.113.{50 + number}");

    /// <summary>Waits for the UPDATE with which all VIPs are announced, or withdrawn; returns its timestamp.</summary>
    /// <param name="isAnnounced">Which of both.</param>
    /// <param name="after">What came before it does not count.</param>
    public async Task<long> WaitAsync(bool isAnnounced, long after = 0)
    {
        try
        {
            return await Collector.WaitAsync(isAnnounced ? _vips : 0, after, Patience);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{error.Message}\n{Node.LogTail()}");
        }
    }

    public void Dispose()
    {
        Node.Dispose();
        Collector.Dispose();
    }

    private static string Configuration(int vips, string check)
    {
        var addresses = string.Join(", ", Enumerable.Range(0, vips).Select(Vip));
        return $$"""
            version: 1
            node: {name: bench, asn: 65001, routerId: {{OwnNetwork.NodeAddress}}}
            peers:
              - name: collector
                address: {{OwnNetwork.PeerAddress}}
                localAddress: {{OwnNetwork.NodeAddress}}
                port: {{CollectorPort}}
                asn: {{BgpCollector.As}}
                holdTime: 9s
            speaker:
              listen: []
              allowedPrefixes: [{prefix: 203.0.113.0/24, ge: 32}]
            checks:
              http-ok: {type: http, path: /, {{check}}}
            pools:
              web:
                check: http-ok
                backends:
                  - {name: s1, address: "127.0.0.1:{{BackendPorts[0]}}"}
                  - {name: s2, address: "127.0.0.1:{{BackendPorts[1]}}"}
            vips:
              - name: web
                addresses: [{{addresses}}]
                listeners: [{port: {{VipPort}}, pool: web}]
                damping: {readvertiseDelay: 0s}
            """;
    }
}
