using System.Buffers.Binary;
using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>Another configuration for a running speaker, with real sockets.</summary>
public sealed class ReconfigureTests
{
    private const string Address = "127.12.0.1";
    private const string OtherAddress = "127.12.0.2";
    private const string Vip = "203.0.113.50/32";

    [Fact]
    public async Task The_same_configuration_changes_nothing()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await test.EstablishAsync(Address);
        var before = await test.StatusAsync(Address);

        Assert.Empty(await test.Speaker.ReconfigureAsync(test.Speaker.Options with { }));

        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(Address)).EstablishedAt);
    }

    public static TheoryData<string, Func<PeerOptions, PeerOptions>> ForTheSession => new()
    {
        { "AS", peer => peer with { Session = peer.Session with { PeerAs = 65009 } } },
        { "hold time", peer => peer with { Session = peer.Session with { HoldTime = TimeSpan.FromSeconds(30) } } },
        { "families", peer => peer with { Session = peer.Session with { Families = [Family.IPv6Unicast] } } },
        { "restart time", peer => peer with { Session = peer.Session with { RestartTime = TimeSpan.FromSeconds(5) } } },
        { "passive", peer => peer with { Session = peer.Session with { Passive = false } } },
        { "address", peer => peer with { Address = IPAddress.Parse("127.12.0.3") } },
        { "port", peer => peer with { Port = 1790 } },
        { "local address", peer => peer with { LocalAddress = IPAddress.Loopback } },
        { "GTSM", peer => peer with { TtlSecurityHops = 1 } },
        { "TTL", peer => peer with { Ttl = 5 } },
    };

    [Theory]
    [MemberData(nameof(ForTheSession))]
    public async Task A_change_that_the_session_depends_on_resets_its_peer_alone(
        string what, Func<PeerOptions, PeerOptions> change)
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        using var changed = await test.EstablishAsync(Address);
        using var other = await test.EstablishAsync(OtherAddress);
        var before = await test.StatusAsync(OtherAddress);

        var changes = await test.ChangePeerAsync(Address, change);

        Assert.Equal([new SpeakerChange($"peer {Address}", ChangeEffect.PeerReset)], changes);
        await changed.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.OtherConfigurationChange);
        var after = await test.StatusAsync(OtherAddress);
        Assert.True(before.EstablishedAt == after.EstablishedAt && after.State == BgpState.Established, what);
        Assert.Equal(change(TestSpeaker.Passive(Address)), test.Speaker.Peers[0].Options);
    }

    [Fact]
    public async Task A_peer_that_was_reset_speaks_by_its_new_options()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var before = await test.EstablishAsync(Address);
        test.Announce([Vip]);

        await test.ChangePeerAsync(
            Address, peer => peer with { Session = peer.Session with { HoldTime = TimeSpan.FromSeconds(30) } });
        using var after = await test.EstablishAsync(Address);

        Assert.Equal(TimeSpan.FromSeconds(30), (await test.StatusAsync(Address)).Session!.HoldTime);
        Assert.Equal([Vip], await after.ReadAnnouncedAsync());
        test.Announce([Vip, "203.0.113.51/32"]);
        Assert.Equal(["203.0.113.51/32"], await after.ReadAnnouncedAsync());
    }

    [Fact]
    public async Task A_peer_that_is_removed_is_told_so_and_is_gone()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        using var removed = await test.EstablishAsync(Address);
        using var other = await test.EstablishAsync(OtherAddress);
        var before = await test.StatusAsync(OtherAddress);

        var changes = await test.Speaker.ReconfigureAsync(
            test.Speaker.Options with { Peers = [TestSpeaker.Passive(OtherAddress)] });

        Assert.Equal([new SpeakerChange($"peer {Address}", ChangeEffect.PeerRemoved)], changes);
        await removed.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.PeerDeconfigured);
        Assert.Equal([OtherAddress], test.Speaker.Peers.Select(peer => peer.Options.Name));
        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(OtherAddress)).EstablishedAt);
        await test.AssertRefusedAsync(Address);
        Assert.Equal(1, test.Speaker.RefusedConnections);
    }

    [Fact]
    public async Task A_peer_that_is_added_is_dialled_and_gets_the_routes()
    {
        using var listener = TestSpeaker.Listen(OtherAddress);
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        test.Announce([Vip]);
        var added = TestSpeaker.Peer(OtherAddress, ((IPEndPoint)listener.LocalEndPoint!).Port);

        var changes = await test.Speaker.ReconfigureAsync(
            test.Speaker.Options with { Peers = [TestSpeaker.Passive(Address), added] });

        Assert.Equal([new SpeakerChange($"peer {OtherAddress}", ChangeEffect.PeerAdded)], changes);
        using var peer = await TestPeer.AcceptAsync(listener);
        await peer.SendOpenAsync(TestSpeaker.Open());
        await peer.SendKeepAliveAsync();
        Assert.Equal([Vip], await peer.ReadAnnouncedAsync());
    }

    [Fact]
    public async Task Two_peers_that_exchange_their_addresses_are_both_reset()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        using var first = await test.EstablishAsync(Address);
        using var second = await test.EstablishAsync(OtherAddress);

        await test.Speaker.ReconfigureAsync(test.Speaker.Options with
        {
            Peers =
            [
                TestSpeaker.Passive(Address) with { Address = IPAddress.Parse(OtherAddress) },
                TestSpeaker.Passive(OtherAddress) with { Address = IPAddress.Parse(Address) },
            ],
        });

        await first.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.OtherConfigurationChange);
        await second.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.OtherConfigurationChange);
        using var anew = await test.ConnectAsync(Address);
        await anew.SendOpenAsync(TestSpeaker.Open());
        await anew.SendKeepAliveAsync();
        await test.WaitAsync(OtherAddress, BgpState.Established);
    }

    [Fact]
    public async Task A_peer_that_reads_nothing_does_not_hold_up_the_change_for_ever()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var stuck = await test.EstablishAsync(Address, receiveBuffer: 4096);
        test.Announce(TestSpeaker.Prefixes(20_000));
        await WindowFiller.FillAsync(test, Address, stuck);

        await test.Speaker.ReconfigureAsync(test.Speaker.Options with { Peers = [] })
            .WaitAsync(TestSpeaker.Bound, TestContext.Current.CancellationToken);

        Assert.Empty(test.Speaker.Peers);
    }

    [Fact]
    public async Task Attributes_of_a_peer_change_on_its_running_session()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await test.EstablishAsync(Address);
        test.Announce([Vip]);
        Assert.Equal([Vip], await peer.ReadAnnouncedAsync());
        var before = await test.StatusAsync(Address);

        var changes = await test.ChangePeerAsync(
            Address, options => options with { Attributes = new RouteAttributes { Med = 0xabcdef } });

        Assert.Equal([new SpeakerChange($"peer {Address}", ChangeEffect.Applied)], changes);
        var update = await peer.ReadUntilAsync(MessageType.Update);
        Assert.NotNull(update);
        // MULTI_EXIT_DISC: optional, type 4, four octets.
        Assert.Contains("800404" + "00abcdef", Convert.ToHexStringLower(update), StringComparison.Ordinal);
        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(Address)).EstablishedAt);
    }

    [Fact]
    public async Task Retry_waits_change_without_a_reset()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await test.EstablishAsync(Address);
        var before = await test.StatusAsync(Address);

        var changes = await test.ChangePeerAsync(Address, options => options with
        {
            Session = options.Session with
            {
                RetryMinimum = TimeSpan.FromSeconds(2),
                RetryMaximum = TimeSpan.FromSeconds(20),
                RetryAfterCease = TimeSpan.FromSeconds(60),
                ConnectTimeout = TimeSpan.FromSeconds(3),
                SendHoldTime = TimeSpan.FromMinutes(20),
            },
        });

        Assert.Equal([new SpeakerChange($"peer {Address}", ChangeEffect.Applied)], changes);
        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(Address)).EstablishedAt);
    }

    [Fact]
    public async Task Shutdown_in_the_configuration_takes_the_peer_down_and_brings_it_up()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await test.EstablishAsync(Address);

        await test.ChangePeerAsync(Address, options => options with { Shutdown = true });
        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.AdministrativeShutdown);
        Assert.True((await test.StatusAsync(Address)).IsAdministrativelyDown);

        await test.ChangePeerAsync(Address, options => options with { Shutdown = false });
        using var anew = await test.EstablishAsync(Address);
    }

    [Fact]
    public async Task A_peer_that_the_operator_took_down_stays_down_when_it_is_changed()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        test.Speaker.Peers[0].Post(new ManualStop("new ToR"));
        await test.WaitAsync(Address, BgpState.Idle);

        await test.ChangePeerAsync(Address, options => options with { Ttl = 5 });

        Assert.True((await test.StatusAsync(Address)).IsAdministrativelyDown);
    }

    [Fact]
    public async Task The_allow_list_counts_at_once_for_what_is_declared()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await test.EstablishAsync(Address);
        test.Announce([Vip]);
        Assert.Equal([Vip], await peer.ReadAnnouncedAsync());
        var (before, options) = (await test.StatusAsync(Address), test.Speaker.Options);

        var changes = await test.Speaker.ReconfigureAsync(options with { AllowedPrefixes = [] });

        Assert.Equal([new SpeakerChange("allow-list", ChangeEffect.Applied)], changes);
        var withdraw = await peer.ReadUntilAsync(MessageType.Update);
        Assert.NotNull(withdraw);
        Assert.Equal(5, BinaryPrimitives.ReadUInt16BigEndian(withdraw.AsSpan(MessageSize.Header)));
        await test.Speaker.ReconfigureAsync(options);
        Assert.Equal([Vip], await peer.ReadAnnouncedAsync());
        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(Address)).EstablishedAt);
    }

    [Fact]
    public async Task Lease_defaults_count_for_leases_opened_from_now_on()
    {
        await using var test = new TestSpeaker();
        var (ttl, heartbeat) = (TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(4));

        var changes = await test.Speaker.ReconfigureAsync(
            test.Speaker.Options with { LeaseTtl = ttl, LeaseHeartbeat = heartbeat });

        Assert.Equal([new SpeakerChange("lease defaults", ChangeEffect.Applied)], changes);
        Assert.True(test.Speaker.Leases.TryOpen(new ClientHello("new", 1, null, null), out var grant, out _, out _));
        Assert.Equal((ttl, heartbeat), (grant.Ttl, grant.HeartbeatInterval));
    }

    [Fact]
    public async Task Who_the_node_is_and_where_it_listens_wait_for_a_restart()
    {
        await using var test = new TestSpeaker(
            TestSpeaker.Passive(Address, settings => settings with { HostName = "node1" }));
        using var peer = await test.EstablishAsync(Address);
        var (before, options) = (await test.StatusAsync(Address), test.Speaker.Options);
        var session = TestSpeaker.Passive(Address).Session with
        {
            LocalAs = 65010, BgpIdentifier = 7, HostName = "other",
        };

        var changes = await test.Speaker.ReconfigureAsync(options with
        {
            NodeName = "other",
            Asn = 65010,
            RouterId = 7,
            Listen = [],
            Peers =
            [
                TestSpeaker.Passive(Address) with { Session = session },
                TestSpeaker.Passive(OtherAddress) with { Session = session },
            ],
        });

        Assert.Equal(
            ["node name", "AS number", "router id", "listen addresses"],
            changes.Where(change => change.Effect == ChangeEffect.NeedsRestart).Select(change => change.Subject));
        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(Address)).EstablishedAt);
        var added = test.Speaker.Peers[1].Options.Session;
        Assert.Equal((65001u, TestSpeaker.RouterId, "node1"), (added.LocalAs, added.BgpIdentifier, added.HostName));
        Assert.Equal((65001u, "node1"), (test.Speaker.Options.Asn, test.Speaker.Options.NodeName));
    }

    [Fact]
    public async Task The_listening_sockets_follow_the_keys_of_their_peers()
    {
        await using var test = new TestSpeaker(
            TestSpeaker.Passive(Address) with { Password = "old" }, TestSpeaker.Passive(OtherAddress));
        using var changed = await test.EstablishAsync(Address, key: "old");
        using var other = await test.EstablishAsync(OtherAddress);
        var before = await test.StatusAsync(OtherAddress);

        await test.ChangePeerAsync(Address, options => options with { Password = "new" });
        await changed.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.OtherConfigurationChange);
        using (await test.EstablishAsync(Address, key: "new"))
        {
            await test.ChangePeerAsync(Address, options => options with { Password = null });
        }
        using (await test.EstablishAsync(Address))
        {
            await test.ChangePeerAsync(Address, options => options with { Password = "again" });
        }
        using var again = await test.EstablishAsync(Address, key: "again");

        Assert.Equal(before.EstablishedAt, (await test.StatusAsync(OtherAddress)).EstablishedAt);
    }
}
