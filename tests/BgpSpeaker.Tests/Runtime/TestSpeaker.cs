using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>A running speaker of AS 65001 on its own loopback port, and peers of AS 65002 played by hand.</summary>
internal sealed class TestSpeaker : IAsyncDisposable
{
    public const uint RouterId = 0x0a000101;
    public const uint PeerIdentifier = 0x0a000102;
    public const ushort PeerAs = 65002;

    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private ulong _revision;
    private LeaseStream? _lease;

    public TestSpeaker(params PeerOptions[] peers)
        : this(IPAddress.Loopback, null, BootClock.Instance, peers)
    {
    }

    public TestSpeaker(RestartMarker? marker, params PeerOptions[] peers)
        : this(IPAddress.Loopback, marker, BootClock.Instance, peers)
    {
    }

    public TestSpeaker(TimeProvider clock, params PeerOptions[] peers)
        : this(IPAddress.Loopback, null, clock, peers)
    {
    }

    public TestSpeaker(IPAddress listen, params PeerOptions[] peers)
        : this(listen, null, BootClock.Instance, peers)
    {
    }

    private TestSpeaker(IPAddress listen, RestartMarker? marker, TimeProvider clock, PeerOptions[] peers)
    {
        Speaker = new Speaker(
            new SpeakerOptions
            {
                NodeName = "node1",
                Asn = 65001,
                RouterId = RouterId,
                Listen = [new IPEndPoint(listen, 0)],
                AllowedPrefixes = [new AllowedPrefix(Prefix.Create(IPAddress.Parse("203.0.0.0"), 16)!.Value, 32, 32)],
                Peers = peers.ToValueList(),
            },
            clock,
            NullLoggerFactory.Instance,
            marker);
        Speaker.Start();
    }

    public Speaker Speaker { get; }

    public IPEndPoint Endpoint => Speaker.Endpoints[0];

    /// <summary>A peer that the speaker waits for.</summary>
    public static PeerOptions Passive(string address, Func<PeerSettings, PeerSettings>? change = null) =>
        Peer(address, 179, settings => (change ?? Same)(settings with { Passive = true }));

    /// <summary>A peer that the speaker dials.</summary>
    public static PeerOptions Peer(string address, int port, Func<PeerSettings, PeerSettings>? change = null) => new()
    {
        Name = address,
        Address = IPAddress.Parse(address),
        Port = port,
        // A loopback address is no next hop.
        NextHopIPv4 = IPAddress.Parse("192.0.2.1"),
        Session = (change ?? Same)(new PeerSettings
        {
            LocalAs = 65001,
            PeerAs = PeerAs,
            BgpIdentifier = RouterId,
            Families = [Family.IPv4Unicast],
        }),
    };

    /// <summary>A socket on which a peer waits for the speaker.</summary>
    public static Socket Listen(string address, int backlog = 8)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        socket.Listen(backlog);
        return socket;
    }

    /// <summary>What the peers say first.</summary>
    public static OpenMessage Open(
        ushort holdTime = 90, uint identifier = PeerIdentifier, ushort peerAs = PeerAs) =>
        new(peerAs, holdTime, identifier,
        [
            new MultiprotocolCapability(Family.IPv4Unicast), new RouteRefreshCapability(),
            new FourOctetAsCapability(peerAs),
        ]);

    /// <summary>/32 prefixes that the speaker may announce.</summary>
    public static IEnumerable<string> Prefixes(int count) =>
        Enumerable.Range(0, count).Select(i => $"203.0.{i / 256}.{i % 256}/32");

    public Task<TestPeer> ConnectAsync(string address, int receiveBuffer = 0, string? key = null) =>
        TestPeer.ConnectAsync(IPAddress.Parse(address), Endpoint, receiveBuffer, key);

    /// <summary>A peer that connected and is Established; nothing is read behind the OPEN's KEEPALIVE.</summary>
    public async Task<TestPeer> EstablishAsync(
        string address, ushort holdTime = 90, int receiveBuffer = 0, string? key = null)
    {
        var peer = await ConnectAsync(address, receiveBuffer, key);
        await peer.SendOpenAsync(Open(holdTime));
        await peer.SendKeepAliveAsync();
        await WaitAsync(address, BgpState.Established);
        return peer;
    }

    public Task<PeerStatus> StatusAsync(string peer) => Find(peer).AskAsync(engine => engine.Status());

    public PeerDelivery Delivery(string peer) => Find(peer).Delivery;

    public Task<PeerStatus> WaitAsync(string peer, BgpState state) => Poll.Until(
        () => StatusAsync(peer), status => status.State == state, Bound, $"the speaker sees {peer} in {state}");

    /// <summary>Announces exactly these prefixes under a lease of this speaker's own; none: withdraws.</summary>
    public void Announce(IEnumerable<string> prefixes)
    {
        if (_lease is null)
        {
            var ttl = TimeSpan.FromSeconds(60);
            Assert.True(Speaker.Leases.TryOpen(new ClientHello("gate", 1, ttl, null), out var grant, out _, out _));
            _lease = grant.Stream;
        }
        var routes = prefixes
            .Select(prefix => new RouteDeclaration(prefix, RouteAttributes.None, []))
            .ToValueList();
        var intent = routes.Count > 0 ? VipIntent.Announce : VipIntent.Withdraw;
        var set = new DesiredSet(++_revision, [new VipDeclaration("web", intent, "told", routes)]);
        Assert.True(Speaker.Leases.TryDeclare(_lease.Value, set, out var outcome, out _));
        Assert.Empty(outcome.Refused);
    }

    /// <summary>Takes the configuration in force with one peer changed.</summary>
    public Task<IReadOnlyList<SpeakerChange>> ChangePeerAsync(string name, Func<PeerOptions, PeerOptions> change) =>
        Speaker.ReconfigureAsync(Speaker.Options with
        {
            Peers = Speaker.Options.Peers.Select(peer => peer.Name == name ? change(peer) : peer).ToValueList(),
        });

    /// <summary>Asserts that a connection from <paramref name="address"/> is closed without a word.</summary>
    public async Task AssertRefusedAsync(string address)
    {
        try
        {
            using var peer = await ConnectAsync(address);
            Assert.Null(await peer.ReadAsync());
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The reset was faster than the end of the connect.
        }
    }

    public ValueTask DisposeAsync() => Speaker.DisposeAsync();

    private static PeerSettings Same(PeerSettings settings) => settings;

    private PeerRunner Find(string name) => Speaker.Peers.Single(peer => peer.Options.Name == name);
}
