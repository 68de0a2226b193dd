using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>What takes more than one message or connection, between a running speaker and real sockets.</summary>
public sealed class SessionOverTcpTests
{
    private const string Address = "127.2.0.1";
    private const string OtherAddress = "127.2.0.2";

    [Fact]
    public async Task No_open_after_connect_ends_with_4_0()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(
            Address, settings => settings with { OpenHoldTime = TimeSpan.FromMilliseconds(200) }));
        using var peer = await speaker.ConnectAsync(Address);

        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Open));
        await peer.AssertNotifiedAsync(ErrorCode.HoldTimerExpired, 0);
    }

    [Fact]
    public async Task No_keepalive_after_open_ends_with_4_0()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await speaker.ConnectAsync(Address);

        await peer.SendOpenAsync(TestSpeaker.Open(holdTime: 3));

        await peer.AssertNotifiedAsync(ErrorCode.HoldTimerExpired, 0);
    }

    // FAULTS 16: equal identifiers lead to one session, not to a loop of collisions.
    [Theory]
    [InlineData("ours is higher", 0x0a000100, 65002, true)]
    [InlineData("theirs is higher", 0x0a000102, 65002, false)]
    [InlineData("equal, our AS is larger", TestSpeaker.RouterId, 64999, true)]
    [InlineData("equal, their AS is larger", TestSpeaker.RouterId, 65002, false)]
    public async Task Of_two_connections_in_OpenConfirm_the_higher_identifiers_or_larger_AS_s_survives(
        string identifiers, uint identifier, ushort peerAs, bool dialledSurvives)
    {
        foreach (var dialledFirst in new[] { true, false })
        {
            using var listener = TestSpeaker.Listen(Address);
            var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
            await using var speaker = new TestSpeaker(
                TestSpeaker.Peer(Address, port, settings => settings with { PeerAs = peerAs }));
            using var dialled = await TestPeer.AcceptAsync(listener);
            using var accepted = await speaker.ConnectAsync(Address);
            Assert.NotNull(await dialled.ReadUntilAsync(MessageType.Open));
            Assert.NotNull(await accepted.ReadUntilAsync(MessageType.Open));
            var open = TestSpeaker.Open(identifier: identifier, peerAs: peerAs);

            var first = dialledFirst ? dialled : accepted;
            await first.SendOpenAsync(open);
            Assert.NotNull(await first.ReadUntilAsync(MessageType.KeepAlive));
            await (dialledFirst ? accepted : dialled).SendOpenAsync(open);

            var (survivor, other) = dialledSurvives ? (dialled, accepted) : (accepted, dialled);
            await other.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.ConnectionCollisionResolution);
            if (survivor != first)
                Assert.NotNull(await survivor.ReadUntilAsync(MessageType.KeepAlive));
            await survivor.SendKeepAliveAsync();
            var status = await speaker.WaitAsync(Address, BgpState.Established);
            Assert.True(status.Flaps == 0, identifiers);
            Assert.NotNull(await survivor.ReadUntilAsync(MessageType.Update));
        }
    }

    [Fact]
    public async Task Fault_17_a_peer_above_its_prefix_limit_is_told_so_and_refused_for_a_while()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(
            Address, settings => settings with { MaximumPrefixes = 1 }));
        using var peer = await speaker.EstablishAsync(Address);
        var attributes = new EncodedAttributes(
            new PathAttributes { AsPath = [TestSpeaker.PeerAs], NextHop = IPAddress.Parse("192.0.2.2") },
            fourOctetAs: true);
        var update = new byte[MessageSize.Maximum];
        Prefix[] prefixes = [Prefix.Create(IPAddress.Any, 0)!.Value, Prefix.Create(IPAddress.Any, 1)!.Value];
        var length = UpdateEncoder.EncodeAnnounce(update, attributes, prefixes, out _);

        await peer.SendAsync(update[..length]);

        var notification = await peer.ReadUntilAsync(MessageType.Notification);
        Assert.Equal("060100010100000001", Convert.ToHexString(notification.AsSpan(MessageSize.Header)));
        await peer.AssertEndsWithFinAsync();
        await speaker.WaitAsync(Address, BgpState.Active);
        await speaker.AssertRefusedAsync(Address);
        Assert.Equal(
            "sent Cease/Maximum Number of Prefixes Reached: ipv4-unicast, at most 1",
            (await speaker.StatusAsync(Address)).Reason);
    }

    [Fact]
    public async Task An_Established_session_wins_over_a_newcomer()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await speaker.EstablishAsync(Address);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));

        using var newcomer = await speaker.ConnectAsync(Address);

        await newcomer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.ConnectionCollisionResolution);
        speaker.Announce(TestSpeaker.Prefixes(1));
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
        Assert.Equal(0, (await speaker.StatusAsync(Address)).Flaps);
    }

    [Fact]
    public async Task A_newcomer_replaces_a_connection_that_is_not_Established()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));
        using var stale = await speaker.ConnectAsync(Address);
        Assert.NotNull(await stale.ReadUntilAsync(MessageType.Open));

        using var peer = await speaker.EstablishAsync(Address);

        await stale.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.ConnectionCollisionResolution);
    }

    [Fact]
    public async Task Dials_that_are_refused_come_with_growing_waits()
    {
        // Bound and not listening: nobody else gets the port, and the kernel refuses.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Parse(Address), 0));
        var minimum = TimeSpan.FromMilliseconds(100);
        await using var speaker = new TestSpeaker(TestSpeaker.Peer(
            Address, ((IPEndPoint)closed.LocalEndPoint!).Port,
            settings => settings with { RetryMinimum = minimum, RetryMaximum = 8 * minimum }));
        var waits = new List<TimeSpan>();

        await Poll.Until(
            async () =>
            {
                var status = await speaker.StatusAsync(Address);
                if (status is { State: BgpState.Active, NextRetryAt: { } next } && !waits.Contains(next - status.Since))
                    waits.Add(next - status.Since);
                return status.Reason;
            },
            reason => reason == "connection refused" && waits.Count > 0 && waits[^1] > 6 * minimum,
            TestSpeaker.Bound,
            "the wait has reached its maximum");

        // 100, 200, 400, 800 ms, each less up to 25 % of jitter: the bands do not overlap.
        Assert.Equal(waits.Order(), waits);
        Assert.All(waits, wait => Assert.InRange(wait / minimum, 0.75, 8));
    }

    [Fact]
    public async Task No_dial_starts_while_another_has_no_answer()
    {
        // A full backlog answers no SYN.
        using var listener = TestSpeaker.Listen(Address, backlog: 0);
        var end = (IPEndPoint)listener.LocalEndPoint!;
        using var filler = await TestPeer.ConnectAsync(IPAddress.Parse(OtherAddress), end);
        var brief = TimeSpan.FromMilliseconds(100);
        await using var speaker = new TestSpeaker(TestSpeaker.Peer(
            Address, end.Port,
            settings => settings with { ConnectTimeout = brief, RetryMinimum = brief, RetryMaximum = brief }));
        var rounds = new HashSet<TimeSpan>();

        await Poll.Until(
            async () =>
            {
                Assert.InRange(CountSynSent(end), 0, 1);
                var status = await speaker.StatusAsync(Address);
                if (status.State == BgpState.Active)
                    rounds.Add(status.Since);
                return status.Reason;
            },
            reason => rounds.Count >= 4 && reason.StartsWith("no answer within 0.1 s", StringComparison.Ordinal),
            TestSpeaker.Bound,
            "four dials have been given up");
    }

    [Fact]
    public async Task Fault_19_a_peer_without_our_key_is_suspected_of_that_and_another_does_not_notice()
    {
        using var listener = TestSpeaker.Listen(Address);
        await using var speaker = new TestSpeaker(
            TestSpeaker.Peer(
                Address, ((IPEndPoint)listener.LocalEndPoint!).Port,
                settings => settings with { ConnectTimeout = TimeSpan.FromMilliseconds(100) }) with
            {
                Password = "key",
            },
            TestSpeaker.Passive(OtherAddress));
        using var other = await speaker.EstablishAsync(OtherAddress);

        var status = await Poll.Until(
            () => speaker.StatusAsync(Address), seen => seen.SuspectedCause is not null, TestSpeaker.Bound,
            "something is suspected");

        Assert.StartsWith(
            "no answer: suspected authentication fault", status.SuspectedCause, StringComparison.Ordinal);
        var untouched = await speaker.StatusAsync(OtherAddress);
        Assert.Equal((BgpState.Established, 0L), (untouched.State, untouched.Flaps));
        Assert.Null(untouched.SuspectedCause);
    }

    [Fact]
    public async Task A_connection_from_an_address_that_is_no_peer_is_closed_and_counted()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));

        for (var count = 1; count <= 3; count++)
        {
            await speaker.AssertRefusedAsync(OtherAddress);
            Assert.Equal(count, speaker.Speaker.RefusedConnections);
        }

        using var peer = await speaker.EstablishAsync(Address);
        Assert.Equal(3, speaker.Speaker.RefusedConnections);
    }

    [Fact]
    public async Task A_peer_that_is_administratively_down_is_closed_without_a_word()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address) with { Shutdown = true });

        await speaker.AssertRefusedAsync(Address);

        Assert.Equal(0UL, (await speaker.StatusAsync(Address)).Sent.Octets);
        Assert.Equal(0, speaker.Speaker.RefusedConnections);
    }

    [Fact]
    public async Task A_stop_withdraws_then_says_Cease_2_with_the_text_then_ends_with_FIN()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address));
        using var peer = await speaker.EstablishAsync(Address);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));
        speaker.Announce(["203.0.113.50/32"]);
        Assert.NotNull(await peer.ReadUntilAsync(MessageType.Update));

        var stop = speaker.Speaker.StopAsync("kernel upgrade");

        var withdraw = await peer.ReadAsync();
        Assert.NotNull(withdraw);
        Assert.Equal((byte)MessageType.Update, withdraw[MessageSize.Header - 1]);
        Assert.Equal(5, BinaryPrimitives.ReadUInt16BigEndian(withdraw.AsSpan(MessageSize.Header)));
        Assert.Equal([32, 203, 0, 113, 50], withdraw[(MessageSize.Header + 2)..(MessageSize.Header + 7)]);
        var notification = await peer.ReadAsync();
        Assert.NotNull(notification);
        Assert.Equal(
            [(byte)ErrorCode.Cease, CeaseError.AdministrativeShutdown, 14, .. Encoding.UTF8.GetBytes("kernel upgrade")],
            notification[MessageSize.Header..]);
        await peer.AssertEndsWithFinAsync();
        await stop;
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_ever_for_a_peer_that_reads_nothing()
    {
        await using var speaker = new TestSpeaker(TestSpeaker.Passive(Address), TestSpeaker.Passive(OtherAddress));
        using var stuck = await speaker.EstablishAsync(Address, receiveBuffer: 4096);
        using var peer = await speaker.EstablishAsync(OtherAddress);
        speaker.Announce(TestSpeaker.Prefixes(20_000));
        await WindowFiller.FillAsync(speaker, Address, stuck);

        var stop = speaker.Speaker.StopAsync("node maintenance");

        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.AdministrativeShutdown);
        await stop.WaitAsync(TestSpeaker.Bound, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Fault_6_a_peer_with_a_zero_window_that_still_sends_is_ended_and_another_does_not_notice()
    {
        const ushort HoldTime = 3;
        await using var speaker = new TestSpeaker(
            TestSpeaker.Passive(Address, settings => settings with { SendHoldTime = TimeSpan.FromSeconds(4) }),
            TestSpeaker.Passive(OtherAddress));
        using var other = await speaker.EstablishAsync(OtherAddress, HoldTime);
        var draining = other.DrainAsync();
        using var stuck = await speaker.EstablishAsync(Address, HoldTime, receiveBuffer: 4096);
        speaker.Announce(TestSpeaker.Prefixes(20_000));
        var before = (await speaker.StatusAsync(OtherAddress)).Sent.KeepAlive;

        var ended = await Poll.Until(
            async () =>
            {
                await other.SendKeepAliveAsync();
                await WindowFiller.SendQuietlyAsync(stuck);
                return await speaker.StatusAsync(Address);
            },
            status => status.LastSent is not null,
            TestSpeaker.Bound,
            "the stuck session has ended");

        Assert.Equal(ErrorCode.SendHoldTimerExpired, ended.LastSent!.Notification.Code);
        Assert.Equal(1, ended.Flaps);
        var status = await speaker.StatusAsync(OtherAddress);
        Assert.Equal((BgpState.Established, 0L), (status.State, status.Flaps));
        // One each second: at least three while the four seconds of the SendHoldTimer ran.
        Assert.True(status.Sent.KeepAlive >= before + 3, $"{before} -> {status.Sent.KeepAlive} KEEPALIVEs");
        other.Dispose();
        await draining;
    }

    // /proc/net/tcp: remote address and port in hexadecimal, then the state; 02 is SYN_SENT.
    private static int CountSynSent(IPEndPoint remote)
    {
        var address = BinaryPrimitives.ReadUInt32LittleEndian(remote.Address.GetAddressBytes());
        return File.ReadLines("/proc/net/tcp")
            .Count(line => line.Contains($" {address:X8}:{remote.Port:X4} 02 ", StringComparison.Ordinal));
    }
}
