using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime.Bfd;

/// <summary>A BGP session and the BFD session that watches it, over the wire.</summary>
public sealed class PeerBfdTests
{
    private const string Peer = NamespacePair.ThereIPv4;

    private static readonly BfdOptions Fast = new()
    {
        Settings = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50), DetectMult: 3),
    };

    [Fact]
    public async Task BFD_that_fails_ends_the_session_with_Cease_10()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast);
        using var remote = RemoteSystem.Open(pair);
        using var peer = await EstablishAsync(pair, test);

        await remote.BringUpAsync();

        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.BfdDown);
        var status = await test.StatusAsync(Peer);
        Assert.Equal("BFD is Down: Control Detection Time Expired", status.Reason);
    }

    [Fact]
    public async Task A_neighbour_that_signals_Down_ends_the_session_with_Cease_10()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast);
        using var remote = RemoteSystem.Open(pair);
        using var peer = await EstablishAsync(pair, test);
        await remote.BringUpAsync();

        remote.Send(remote.Packet(BfdState.Down) with { Diagnostic = BfdDiagnostic.ControlDetectionTimeExpired });

        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.BfdDown);
        Assert.Equal(
            "BFD is Down: Neighbor Signaled Session Down", (await test.StatusAsync(Peer)).Reason);
    }

    [Fact]
    public async Task A_neighbour_in_AdminDown_ends_no_session_however_long_it_is_silent_then()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast);
        using var remote = RemoteSystem.Open(pair);
        using var peer = await EstablishAsync(pair, test);
        await remote.BringUpAsync();

        remote.Send(remote.Packet(BfdState.AdminDown) with { Diagnostic = BfdDiagnostic.AdministrativelyDown });

        await remote.ReceiveAsync(packet => packet is { State: BfdState.Down, YourDiscriminator: 0 });
        Assert.Equal(BgpState.Established, (await test.StatusAsync(Peer)).State);
    }

    [Fact]
    public async Task Strict_mode_refuses_a_connection_until_BFD_is_Up()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast with { Strict = true });
        using var remote = RemoteSystem.Open(pair);
        await remote.ReceiveAsync();
        using (var early = await ConnectAsync(pair, test))
            await early.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.BfdDown);

        await remote.BringUpAsync();
        using var stop = new CancellationTokenSource();
        var keep = remote.KeepUpAsync(stop.Token);

        using var peer = await EstablishAsync(pair, test);
        await stop.CancelAsync();
        await keep;
    }

    [Fact]
    public async Task Strict_mode_lets_a_neighbour_in_whose_operator_holds_BFD_in_AdminDown()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast with { Strict = true });
        using var remote = RemoteSystem.Open(pair);
        await remote.ReceiveAsync();

        remote.Send(remote.Packet(BfdState.AdminDown) with { YourDiscriminator = 0 });

        await Poll.Until(
            () => test.Speaker.Peers[0].BfdStatusAsync(),
            status => status?.Session.RemoteSessionState == BfdState.AdminDown,
            TestSpeaker.Bound,
            "AdminDown is heard");
        using var peer = await EstablishAsync(pair, test);
    }

    [Fact]
    public async Task Other_timers_and_no_BFD_at_all_leave_the_session_alone()
    {
        using var pair = NamespacePair.Make();
        await using var test = Start(pair, Fast);
        using var remote = RemoteSystem.Open(pair);
        using var peer = await EstablishAsync(pair, test);
        await remote.BringUpAsync();
        using var stop = new CancellationTokenSource();
        var keep = remote.KeepUpAsync(stop.Token);

        var changes = await test.ChangePeerAsync(Peer, options => options with
        {
            Bfd = Fast with { Settings = Fast.Settings with { RequiredMinRxInterval = TimeSpan.FromSeconds(1) } },
        });
        await stop.CancelAsync();
        await keep;
        remote.Send(remote.Packet(BfdState.Up));
        await remote.ReceiveAsync(packet => packet.Poll && packet.RequiredMinRxInterval == TimeSpan.FromSeconds(1));
        await test.ChangePeerAsync(Peer, options => options with { Bfd = null });
        await remote.ReceiveAsync(packet => packet.State == BfdState.AdminDown);

        Assert.Equal(ChangeEffect.Applied, Assert.Single(changes).Effect);
        Assert.Equal(BgpState.Established, (await test.StatusAsync(Peer)).State);
        Assert.Null(await test.Speaker.Peers[0].BfdStatusAsync());
    }

    private static TestSpeaker Start(NamespacePair pair, BfdOptions bfd) =>
        pair.Here(() => new TestSpeaker(
            IPAddress.Parse(NamespacePair.HereIPv4), TestSpeaker.Passive(Peer) with { Bfd = bfd }));

    // The call makes the socket before it first waits: on the thread that is in the namespace.
    private static Task<TestPeer> ConnectAsync(NamespacePair pair, TestSpeaker test) =>
        pair.There(() => test.ConnectAsync(Peer));

    private static async Task<TestPeer> EstablishAsync(NamespacePair pair, TestSpeaker test)
    {
        var peer = await ConnectAsync(pair, test);
        await peer.SendOpenAsync(TestSpeaker.Open());
        await peer.SendKeepAliveAsync();
        await test.WaitAsync(Peer, BgpState.Established);
        return peer;
    }
}
