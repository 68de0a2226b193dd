using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>One running speaker with a passive peer for each vector and each way to cut the octets.</summary>
public sealed class VectorSpeaker : IAsyncLifetime
{
    private readonly Speaker _speaker = new(
        new SpeakerOptions
        {
            NodeName = "vectors",
            Asn = 65001,
            RouterId = 0x0a000101,
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            Peers = Enumerable.Range(0, 2 * VectorFiles.All.Count).Select(MakePeer).ToValueList(),
        },
        BootClock.Instance,
        NullLoggerFactory.Instance);

    public IPEndPoint Endpoint => _speaker.Endpoints[0];

    public static IPAddress AddressOf(int index) => new([127, 1, (byte)(index / 250), (byte)(1 + (index % 250))]);

    public Task<PeerStatus> StatusAsync(int index) => _speaker.Peers[index].AskAsync(engine => engine.Status());

    public ValueTask InitializeAsync()
    {
        _speaker.Start();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _speaker.DisposeAsync();

    private static PeerOptions MakePeer(int index) => new()
    {
        Name = $"peer{index}",
        Address = AddressOf(index),
        Session = new PeerSettings
        {
            LocalAs = 65001,
            PeerAs = VectorFiles.All[index / 2].Session.Contains("ibgp") ? 65001u : 65002u,
            BgpIdentifier = 0x0a000101,
            Families = [Family.IPv4Unicast, Family.IPv6Unicast],
            ExtendedNextHop = VectorFiles.All[index / 2].Session.Contains("extended-next-hop"),
            Passive = true,
            Role = VectorFiles.All[index / 2].Role,
            AddPathReceive = VectorFiles.All[index / 2].HasAddPath,
            StrictRole = VectorFiles.All[index / 2].Session.Contains("strict-role"),
        },
    };
}

public sealed class VectorsOverTcpTests(VectorSpeaker speaker) : IClassFixture<VectorSpeaker>
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Names => [.. VectorFiles.All.Select(vector => vector.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public Task The_running_speaker_reacts_as_the_vector_says(string name) => RunAsync(name, slowly: false);

    [Theory]
    [MemberData(nameof(Names))]
    public Task The_running_speaker_reacts_the_same_to_one_octet_per_segment(string name) =>
        RunAsync(name, slowly: true);

    private async Task RunAsync(string name, bool slowly)
    {
        var at = VectorFiles.All.ToList().FindIndex(candidate => candidate.Name == name);
        var vector = VectorFiles.All[at];
        var index = (2 * at) + (slowly ? 1 : 0);
        using var peer = await TestPeer.ConnectAsync(VectorSpeaker.AddressOf(index), speaker.Endpoint);
        await ReachAsync(peer, vector);
        if (slowly)
            await peer.SendSlowlyAsync(vector.Bytes);
        else
            await peer.SendAsync(vector.Bytes);
        if (vector.Reaction != "established")
        {
            await AssertClosedAsync(peer, vector);
            return;
        }
        if (vector.State == "openSent")
            await peer.SendKeepAliveAsync();
        await AssertEstablishedAsync(peer, vector, index);
    }

    private static async Task ReachAsync(TestPeer peer, Vector vector)
    {
        if (vector.State == "openSent")
            return;
        await peer.SendOpenAsync(OpenOf(vector));
        if (vector.State == "established")
        {
            await peer.SendKeepAliveAsync();
            // End-of-RIB is what the speaker says first when it is Established.
            Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
        }
    }

    private static OpenMessage OpenOf(Vector vector)
    {
        var peerAs = vector.Session.Contains("ibgp") ? (ushort)65001 : (ushort)65002;
        var capabilities = new List<Capability> { new MultiprotocolCapability(Family.IPv4Unicast) };
        if (!vector.Session.Contains("ipv4-only"))
            capabilities.Add(new MultiprotocolCapability(Family.IPv6Unicast));
        capabilities.Add(new RouteRefreshCapability());
        if (!vector.Session.Contains("two-octet"))
            capabilities.Add(new FourOctetAsCapability(peerAs));
        if (vector.Session.Contains("extended"))
            capabilities.Add(new ExtendedMessageCapability());
        if (vector.Session.Contains("extended-next-hop"))
            capabilities.Add(new ExtendedNextHopCapability([ExtendedNextHop.IPv4OverIPv6]));
        if (vector.Session.Contains("enhanced"))
            capabilities.Add(new EnhancedRouteRefreshCapability());
        if (vector.HasAddPath)
            capabilities.Add(new AddPathCapability(
            [
                new(Family.IPv4Unicast, AddPathMode.Send), new(Family.IPv6Unicast, AddPathMode.Send),
            ]));
        return new OpenMessage(peerAs, 90, 0x0a000102, capabilities.ToValueList());
    }

    private static async Task AssertClosedAsync(TestPeer peer, Vector vector)
    {
        var message = await peer.ReadUntilAsync(MessageType.Notification);
        if (vector.Reaction == "closed")
        {
            Assert.Null(message);
            return;
        }
        Assert.NotNull(message);
        Assert.Equal((vector.Code, vector.Subcode), (message[19], message[20]));
        if (vector.Data is { } data)
            Assert.Equal(Convert.ToHexString(data), Convert.ToHexString(message.AsSpan(21)));
        Assert.Null(await peer.ReadAsync());
    }

    private async Task AssertEstablishedAsync(TestPeer peer, Vector vector, int index)
    {
        var status = await Poll.Until(
            () => speaker.StatusAsync(index),
            status => status.Received.Octets >= (ulong)peer.Sent || status.LastSent is not null,
            Bound,
            "the speaker has read everything");
        Assert.Null(status.LastSent);
        Assert.Equal(BgpState.Established, status.State);
        // The facts of a vector are those of its last message, the speaker's counters are sums.
        if (vector.Layer != "update" || status.Received.Update != 1)
            return;
        var routes = status.ReceivedRoutes;
        Assert.Equal(Fact(vector, "announced.ipv4") + Fact(vector, "announced.ipv6"), (int)routes.Announced);
        Assert.Equal(Fact(vector, "withdrawn.ipv4") + Fact(vector, "withdrawn.ipv6"), (int)routes.Withdrawn);
        Assert.Equal(vector.Facts.Contains("taw") ? 1 : 0, (int)routes.TreatedAsWithdraw);
        Assert.Equal(Fact(vector, "discarded"), (int)routes.AttributesDiscarded);
        Assert.Equal(
            vector.Facts.Where(fact => fact.StartsWith("eor=", StringComparison.Ordinal)).Select(fact => fact[4..]),
            routes.EndOfRib.Select(family => family.ToString()));
    }

    private static int Fact(Vector vector, string name) =>
        vector.Facts
            .Where(fact => fact.StartsWith($"{name}=", StringComparison.Ordinal))
            .Select(fact => int.Parse(fact.AsSpan(name.Length + 1), CultureInfo.InvariantCulture))
            .SingleOrDefault();
}
