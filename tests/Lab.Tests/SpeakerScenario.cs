using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>What the tests of a speaker beside FRR have in common: addresses, configurations, bounds.</summary>
public abstract class SpeakerScenario(OneRouterLab lab)
{
    internal const string RouterIPv4 = "10.0.1.1";
    internal const string RouterIPv6 = "2001:db8:1::1";
    internal const string NodeIPv4 = "10.0.1.2";
    internal const string NodeIPv6 = "2001:db8:1::2";
    internal const string VipIPv4 = "203.0.113.50/32";
    internal const string VipIPv6 = "2001:db8:50::50/128";

    internal const string BothVips = $$"""[{"prefix": "{{VipIPv4}}"}, {"prefix": "{{VipIPv6}}"}]""";

    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    internal FrrRouter Router { get; } = lab.Router;

    internal SpeakerNode Node { get; } = lab.Node;

    internal const string IPv4Peer = $"  - {{name: tor1, address: {RouterIPv4}, asn: 65100, families: [ipv4, ipv6]}}";

    /// <summary>A configuration with these peers, each a line of YAML.</summary>
    internal static string Configuration(
        string peers, string node = "name: node1, asn: 65001, routerId: 10.0.1.2") => $$"""
        version: 1
        node: { {{node}} }
        peerDefaults: {holdTime: 9s}
        speaker:
          allowedPrefixes:
            - {prefix: 203.0.113.0/24, ge: 32, le: 32}
            - {prefix: "2001:db8:50::/48", ge: 128, le: 128}
        peers:
        """ + "\n" + peers + "\n";

    /// <summary>A speaker whose session with the router, which calls it <paramref name="neighbor"/>, is up.</summary>
    internal async Task<RunningSpeaker> StartEstablishedAsync(string peers = IPv4Peer, string neighbor = NodeIPv4)
    {
        var speaker = await Node.StartSpeaker(Configuration(peers));
        await Router.WaitEstablished(neighbor, Timeout);
        return speaker;
    }

    /// <summary>The path of a prefix in the router's BGP table; null when there is none.</summary>
    internal async Task<JsonNode?> BgpPathAsync(string prefix)
    {
        var family = prefix.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4";
        return (await Router.VtyshJson($"show bgp {family} unicast {prefix}"))["paths"]?[0];
    }

    /// <summary>Waits until every hop has the prefix: the router's BGP table and its kernel.</summary>
    internal async Task<JsonNode> WaitRoutedAsync(string prefix)
    {
        var path = await Poll.Until<JsonNode?>(
            () => BgpPathAsync(prefix), path => path is not null, Timeout, $"{prefix} is in the router's BGP table");
        await Poll.Until(
            () => Router.KernelRoutes(prefix), routes => routes.Count == 1, Timeout, $"{prefix} is in the kernel");
        return path!;
    }

    /// <summary>Waits until no hop has the prefix.</summary>
    internal async Task WaitGoneAsync(string prefix)
    {
        await Poll.Until<JsonNode?>(
            () => BgpPathAsync(prefix), path => path is null, Timeout, $"{prefix} has left the router's BGP table");
        await Poll.Until(
            () => Router.KernelRoutes(prefix), routes => routes.Count == 0, Timeout, $"{prefix} has left the kernel");
    }

    /// <summary>Waits until the speaker says that a peer is in this state.</summary>
    internal static Task<JsonNode> WaitStateAsync(RunningSpeaker speaker, string state, string peer = "tor1") =>
        Poll.Until(
            () => ForeignClient.PeerAsync(speaker, peer),
            seen => (string)seen["state"]! == $"PEER_STATE_{state}",
            Timeout,
            $"the speaker sees {peer} in {state}");

    /// <summary>Waits until a Cease was received that does not pass by itself: the next try must be far away.</summary>
    internal static async Task<JsonNode> WaitRefusedAsync(RunningSpeaker speaker, string peer = "tor1")
    {
        var view = await Poll.Until(
            () => ForeignClient.PeerAsync(speaker, peer),
            seen => seen["lastReceived"] is not null && seen["nextRetryAt"] is not null,
            Timeout,
            "the Cease is shown");
        AssertNextTryIsFar(view);
        return view;
    }

    /// <summary>Waits until a peer was told that it announced more than two IPv4 prefixes.</summary>
    internal static async Task WaitLimitedAsync(RunningSpeaker speaker, string peer = "tor1")
    {
        var view = await Poll.Until(
            () => ForeignClient.PeerAsync(speaker, peer),
            seen => seen["lastSent"] is not null && seen["nextRetryAt"] is not null,
            Timeout,
            "the limit is kept");
        Assert.Equal(
            "Cease/Maximum Number of Prefixes Reached: ipv4-unicast, at most 2", (string)view["lastSent"]!["text"]!);
        AssertNextTryIsFar(view);
    }

    private static void AssertNextTryIsFar(JsonNode peer)
    {
        var wait = Time(peer["nextRetryAt"]!) - Time(peer["stateSince"]!);
        Assert.True(wait > TimeSpan.FromSeconds(20), $"the next try comes after {wait}");
    }

    /// <summary>A counter of messages in a peer's view, such as <c>sent</c>, <c>update</c>.</summary>
    internal static int Count(JsonNode peer, string direction, string type) =>
        int.Parse((string?)peer[direction]?[type] ?? "0", CultureInfo.InvariantCulture);

    /// <summary>A time in a view.</summary>
    internal static DateTimeOffset Time(JsonNode timestamp) =>
        DateTimeOffset.Parse((string)timestamp!, CultureInfo.InvariantCulture);
}
