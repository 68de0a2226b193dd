using System.Globalization;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// When a speaker's octets reached the router, and when a route left the router's kernel: tcpdump and
/// <c>ip -ts monitor route</c>, both by the wall clock.
/// </summary>
internal sealed class WireMonitor
{
    // A KEEPALIVE has 19 octets; an UPDATE without attributes that withdraws something has more.
    private const int KeepAliveLength = 19;
    private const string Probe = "192.0.2.0/24";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    private readonly NodeProcess _packets;
    private readonly NodeProcess _routes;

    private WireMonitor(NodeProcess packets, NodeProcess routes)
    {
        _packets = packets;
        _routes = routes;
    }

    /// <summary>Starts both, and waits until they listen.</summary>
    public static async Task<WireMonitor> StartAsync(SpeakerBed bed)
    {
        var packets = await bed.StartInRouterAsync(
            "tcpdump", "--interface=any", "--immediate-mode", "-l", "-n", "-tt", "inbound and tcp port 179");
        var routes = await bed.StartInRouterAsync("stdbuf", "-oL", "ip", "-ts", "monitor", "route");
        var monitor = new WireMonitor(packets, routes);
        var until = DateTimeOffset.UtcNow + Patience;
        while (!packets.Output.Any(line => line.StartsWith("listening on", StringComparison.Ordinal))
            || !routes.Output.Any(line => line.Contains(Probe, StringComparison.Ordinal)))
        {
            if (DateTimeOffset.UtcNow > until)
                throw new TimeoutException($"no monitor: {string.Join('\n', packets.Output)}");
            await bed.RunInRouterAsync("ip", "route", "replace", "blackhole", Probe);
            await bed.RunInRouterAsync("ip", "route", "del", "blackhole", Probe);
        }
        return monitor;
    }

    /// <summary>When the first message but KEEPALIVEs came from an address after a moment.</summary>
    public Task<DateTimeOffset> FirstMessageAsync(string from, DateTimeOffset after) => FindAsync(
        _packets, line => ReadPacket(line, $" IP {from}.") is { } at && at >= after ? at : null, $"octets from {from}");

    /// <summary>When a prefix came into the router's kernel after a moment, or left it.</summary>
    public Task<DateTimeOffset> RouteAsync(string prefix, bool isThere, DateTimeOffset after)
    {
        // The kernel's tools leave the length of a host route out.
        var change = (isThere ? "" : "Deleted ") + prefix.Split('/')[0] + " ";
        return FindAsync(
            _routes, line => ReadRoute(line, change) is { } at && at >= after ? at : null, $"a route: {change}");
    }

    private static async Task<DateTimeOffset> FindAsync(
        NodeProcess process, Func<string, DateTimeOffset?> read, string what)
    {
        var until = DateTimeOffset.UtcNow + Patience;
        for (; DateTimeOffset.UtcNow < until; await Task.Delay(LookInterval))
        {
            foreach (var line in process.Output)
            {
                if (read(line) is { } at)
                    return at;
            }
        }
        throw new TimeoutException($"waited for {what} in vain");
    }

    // "1795386614.123456 eth1  In  IP 10.0.1.2.179 > 10.0.1.1.40000: Flags [P.], seq 1:29, …, length 28: BGP"
    private static DateTimeOffset? ReadPacket(string line, string sender)
    {
        var lengthAt = line.LastIndexOf(", length ", StringComparison.Ordinal);
        if (!line.Contains(sender, StringComparison.Ordinal) || lengthAt < 0)
            return null;
        var length = line[(lengthAt + ", length ".Length)..].Split(':')[0];
        return int.Parse(length, CultureInfo.InvariantCulture) > KeepAliveLength
            ? DateTimeOffset.UnixEpoch.AddSeconds(
                double.Parse(line.AsSpan(0, line.IndexOf(' ')), CultureInfo.InvariantCulture))
            : null;
    }

    // "[2026-11-22T16:25:17.123456] Deleted 203.0.113.50 nhid 12 via 10.0.1.2 dev eth1 proto bgp metric 20"
    private static DateTimeOffset? ReadRoute(string line, string change)
    {
        var end = line.StartsWith('[') ? line.IndexOf(']', StringComparison.Ordinal) : -1;
        return end > 0 && line.AsSpan(end + 1).TrimStart().StartsWith(change, StringComparison.Ordinal)
            ? DateTimeOffset.Parse(line.AsSpan(1, end - 1), CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal)
            : null;
    }
}
