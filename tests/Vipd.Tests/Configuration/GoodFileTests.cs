using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class GoodFileTests
{
    private const string NothingAllowed = "speaker.allowedPrefixes lists no prefix: nothing may be announced";

    private static readonly ValueList<IPEndPoint> BothWildcards =
        [new IPEndPoint(IPAddress.Any, 179), new IPEndPoint(IPAddress.IPv6Any, 179)];

    [Fact]
    public void The_smallest_file_gets_every_default()
    {
        var configuration = Load("minimal.yaml");

        var expected = new SpeakerOptions
        {
            NodeName = "n1",
            Asn = 65001,
            RouterId = 0x0A000001,
            Listen = BothWildcards,
            AllowedPrefixes = [Allowed("203.0.113.50/32", 32, 32)],
            LeaseTtl = TimeSpan.FromSeconds(5),
            LeaseHeartbeat = TimeSpan.FromSeconds(1),
            Peers =
            [
                new PeerOptions
                {
                    Name = "r1",
                    Address = IPAddress.Parse("10.0.0.254"),
                    Port = 179,
                    Session = new PeerSettings
                    {
                        LocalAs = 65001,
                        PeerAs = 65100,
                        BgpIdentifier = 0x0A000001,
                        HoldTime = TimeSpan.FromSeconds(9),
                        Families = [Family.IPv4Unicast],
                        RetryMinimum = TimeSpan.FromSeconds(1),
                        RetryMaximum = TimeSpan.FromSeconds(5),
                        RetryAfterCease = TimeSpan.FromSeconds(30),
                        ConnectTimeout = TimeSpan.FromSeconds(5),
                        HostName = "n1",
                    },
                },
            ],
        };
        Assert.Equal(expected, configuration.Speaker);
        Assert.Equal((null, "/run/vipd"), (configuration.Site, configuration.ApiDirectory));
        Assert.Equal("/var/lib/vipd", configuration.StateDirectory);
    }

    [Fact]
    public void Peer_defaults_reach_the_peer()
    {
        var peer = Assert.Single(Load("design.yaml").Speaker.Peers);

        Assert.Equal(1, peer.TtlSecurityHops);
        Assert.Equal(TimeSpan.FromSeconds(9), peer.Session.HoldTime);
        Assert.Equal([Family.IPv4Unicast, Family.IPv6Unicast], peer.Session.Families);
        Assert.Equal("edge-ams-1", peer.Session.HostName);
    }

    [Fact]
    public void Every_key_of_the_node_reaches_the_options()
    {
        var configuration = Load("every-key.yaml");
        var speaker = configuration.Speaker;

        Assert.Equal("ams", configuration.Site);
        Assert.Equal("/run/other", configuration.ApiDirectory);
        Assert.Equal("edge-ams-1", speaker.NodeName);
        Assert.Equal(4200000001u, speaker.Asn);
        Assert.Equal(0x0A000102u, speaker.RouterId);
        Assert.Equal([IPEndPoint.Parse("192.0.2.1:1790")], speaker.Listen);
        Assert.Equal((60, 30), (speaker.LeaseTtl.TotalSeconds, speaker.LeaseHeartbeat.TotalSeconds));
    }

    [Fact]
    public void Allowed_prefixes_mean_what_a_router_s_prefix_list_means()
    {
        ValueList<AllowedPrefix> expected =
        [
            Allowed("203.0.113.0/24", 24, 24),
            Allowed("203.0.113.0/24", 25, 32),
            Allowed("203.0.113.0/24", 24, 32),
            Allowed("2001:db8::/32", 48, 64),
        ];

        Assert.Equal(expected, Load("every-key.yaml").Speaker.AllowedPrefixes);
    }

    [Fact]
    public void Every_key_of_a_peer_reaches_the_options()
    {
        var expected = new PeerOptions
        {
            Name = "tor1",
            Address = IPAddress.Parse("10.0.1.1"),
            LocalAddress = IPAddress.Parse("10.0.1.2"),
            Port = 1179,
            Ttl = 2,
            Bfd = new BfdOptions
            {
                Settings = new(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(60), DetectMult: 5),
                Strict = true,
                IsMultihop = true,
                MinimumTtl = 9,
            },
            Shutdown = true,
            Session = new PeerSettings
            {
                LocalAs = 65010,
                PeerAs = 65100,
                BgpIdentifier = 0x0A000102,
                HoldTime = TimeSpan.Zero,
                Families = [Family.IPv6Unicast, Family.IPv4Unicast],
                Passive = true,
                RetryMinimum = TimeSpan.FromSeconds(2),
                RetryMaximum = TimeSpan.FromMinutes(1),
                RetryAfterCease = TimeSpan.FromMinutes(5),
                RestartTime = TimeSpan.FromSeconds(20),
                MaximumPrefixes = 1000,
                ConnectTimeout = TimeSpan.FromMilliseconds(500),
                SendHoldTime = TimeSpan.FromMinutes(10),
                Role = BgpRole.RouteServerClient,
                StrictRole = true,
                AddPathReceive = true,
                HostName = "edge-ams-1",
            },
            NextHopIPv4 = IPAddress.Parse("10.0.1.3"),
            NextHopIPv6 = IPAddress.Parse("2001:db8::3"),
            Attributes = new RouteAttributes
            {
                Med = 0,
                AsPathPrepend = 3,
                Communities = [(65001u << 16) + 100, WellKnownCommunity.NoExport],
                LargeCommunities = [new LargeCommunity(4200000001, 1, 2)],
                ExtendedCommunities = [new(0x0002_FDE9_0000_0064), new(0x0103_C000_0201_0007)],
                LinkBandwidth = 2_500_000_000,
            },
        };

        Assert.Equal(expected, Load("every-key.yaml").Speaker.Peers[0]);
    }

    [Fact]
    public void A_link_local_peer_keeps_its_interface_and_takes_the_defaults()
    {
        var peer = Load("every-key.yaml").Speaker.Peers[1];

        Assert.Equal(IPAddress.Parse("fe80::1"), peer.Address);
        Assert.Equal("eth0", peer.Interface);
        Assert.Equal(254, peer.TtlSecurityHops);
        Assert.Equal(65100u, peer.Session.PeerAs);
        Assert.Equal([Family.IPv6Unicast], peer.Session.Families);
        Assert.Equal(TimeSpan.FromSeconds(30), peer.Session.HoldTime);
        Assert.Equal([WellKnownCommunity.GracefulShutdown], peer.Attributes.Communities);
        Assert.Equal(IPAddress.Parse("10.0.9.9"), peer.NextHopIPv4);
    }

    [Fact]
    public void BFD_is_as_many_hops_long_as_BGP_unless_told_otherwise()
    {
        var peer = Load("every-key.yaml").Speaker.Peers[1];

        Assert.Equal(new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(60), 5), peer.Bfd?.Settings);
        Assert.Equal((true, (byte)2), (peer.Bfd!.IsMultihop, peer.Bfd.MinimumTtl));
        Assert.False(Assert.Single(Load("design.yaml").Speaker.Peers).Bfd?.IsMultihop);
    }

    [Fact]
    public void An_internal_peer_takes_a_local_preference()
    {
        var peer = Load("every-key.yaml").Speaker.Peers[2];

        Assert.False(peer.Session.IsExternal);
        Assert.Null(peer.Bfd);
        Assert.Equal(uint.MaxValue, peer.Attributes.LocalPref);
    }

    [Fact]
    public void A_peer_over_IPv6_may_offer_IPv6_next_hops_for_IPv4()
    {
        var peer = Load("every-key.yaml").Speaker.Peers[3];

        Assert.True(peer.Session.ExtendedNextHop);
    }

    [Fact]
    public void A_peer_without_an_address_is_learned_on_its_interface()
    {
        var peer = Load("every-key.yaml").Speaker.Peers[4];

        Assert.True(peer.IsUnnumbered);
        Assert.Equal(uint.MaxValue, peer.DefaultRouteMetric);
        Assert.Equal("eth1", peer.Interface);
        Assert.Equal([Family.IPv4Unicast, Family.IPv6Unicast], peer.Session.Families);
        Assert.True(peer.Session.ExtendedNextHop);
    }

    [Fact]
    public void A_peer_takes_as_many_communities_as_an_announcement()
    {
        var attributes = Assert.Single(Load("most-communities.yaml").Speaker.Peers).Attributes;

        Assert.Equal(RouteAttributes.MaximumCommunities, attributes.Communities.Count);
        Assert.Equal(RouteAttributes.MaximumCommunities, attributes.LargeCommunities.Count);
        Assert.Null(attributes.FindFault());
    }

    [Theory]
    [InlineData("1kbit", 1_000ul)]
    [InlineData("999Mbit", 999_000_000ul)]
    [InlineData("100Gbit", 100_000_000_000ul)]
    [InlineData("1000Tbit", 1_000_000_000_000_000ul)]
    public void A_bandwidth_is_a_number_with_its_unit(string text, ulong bitsPerSecond)
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write(
            "node.yaml",
            $$"""
            version: 1
            node: {name: n1, asn: 65001, routerId: 10.0.0.1}
            peers: [{name: r1, address: 10.0.0.254, asn: 65100, linkBandwidth: {{text}}}]
            speaker: {allowedPrefixes: [{prefix: 203.0.113.50/32}]}
            """);

        var peer = Assert.Single(ConfigurationFile.Load(path).Configuration!.Speaker.Peers);

        Assert.Equal(bitsPerSecond, peer.Attributes.LinkBandwidth);
    }

    [Theory]
    [InlineData("", "1:1: warning: " + NothingAllowed)]
    [InlineData("speaker: {allowedPrefixes: []}", "5:28: warning: " + NothingAllowed)]
    [InlineData(
        "speaker: {allowedPrefixes: [{prefix: 0.0.0.0/0, le: 32}]}",
        "5:29: warning: this permits the default route 0.0.0.0/0")]
    public void A_doubtful_allow_list_is_a_warning_and_no_error(string speaker, string expected)
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write(
            "node.yaml",
            $$"""
            version: 1
            node: {name: n1, asn: 65001, routerId: 10.0.0.1}
            peers:
              - {name: r1, address: 10.0.0.254, asn: 65100}
            {{speaker}}
            """);

        var result = ConfigurationFile.Load(path);

        Assert.NotNull(result.Configuration);
        Assert.Equal($"{path}:{expected}", Assert.Single(result.Diagnostics).ToString());
    }

    private static NodeConfiguration Load(string name)
    {
        var result = ConfigurationFile.Load(TestFiles.PathOf($"good/{name}"));
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Configuration);
        return result.Configuration;
    }

    private static AllowedPrefix Allowed(string prefix, byte minimum, byte maximum) =>
        Prefix.TryParse(prefix, out var parsed) ? new(parsed, minimum, maximum) : throw new FormatException(prefix);
}
