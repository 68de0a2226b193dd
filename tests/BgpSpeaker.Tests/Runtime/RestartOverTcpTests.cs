using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>Graceful restart (RFC 4724) between running speakers, one after the other, and a peer that helps.</summary>
public sealed class RestartOverTcpTests : IDisposable
{
    private const string Address = "127.6.0.1";
    private const string OtherAddress = "127.6.0.2";
    private const string Web = "203.0.0.1/32";

    private static readonly UpdateContext Context = new()
    {
        FourOctetAs = true,
        IsExternal = true,
        LocalAs = 65002,
        IPv4Unicast = true,
        IPv6Unicast = false,
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("restart-");

    [Fact]
    public async Task A_restarted_speaker_sets_R_and_F_announces_what_is_leased_and_then_says_End_of_RIB()
    {
        await CrashAsync();

        await using var speaker = NewSpeaker();
        using var peer = await speaker.ConnectAsync(Address);
        Assert.Equal((true, true), BitsOf(await ReadOpenAsync(peer)));
        await EstablishAsync(speaker, peer);
        speaker.Announce([Web]);

        Assert.Equal(["announce 1", "End-of-RIB"], await ReadUpdatesAsync(peer, 2));
    }

    [Fact]
    public async Task A_restarted_speaker_whose_service_is_gone_says_End_of_RIB_without_the_route_at_once()
    {
        await CrashAsync();

        await using var speaker = NewSpeaker();
        using var peer = await speaker.ConnectAsync(Address);
        await EstablishAsync(speaker, peer);
        speaker.Announce([]);

        Assert.Equal(["End-of-RIB"], await ReadUpdatesAsync(peer, 1));
    }

    [Fact]
    public async Task A_restarted_speaker_that_no_client_comes_back_to_says_End_of_RIB_at_its_bound()
    {
        await CrashAsync();

        await using var speaker = NewSpeaker(restartTime: TimeSpan.FromSeconds(1));
        using var peer = await speaker.ConnectAsync(Address);
        await EstablishAsync(speaker, peer);

        Assert.Equal(["End-of-RIB"], await ReadUpdatesAsync(peer, 1));
    }

    [Fact]
    public async Task After_an_orderly_stop_the_next_start_is_no_restart()
    {
        await using (var speaker = NewSpeaker())
        {
            speaker.Announce([Web]);
            using var peer = await speaker.ConnectAsync(Address);
            await EstablishAsync(speaker, peer);
            Assert.Equal(["announce 1", "End-of-RIB"], await ReadUpdatesAsync(peer, 2));

            await speaker.Speaker.StopAsync("the node stops");

            Assert.Equal(["withdraw 1"], await ReadUpdatesAsync(peer, 1));
            await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.HardReset);
        }

        await AssertFirstStartAsync();
    }

    [Fact]
    public async Task A_hand_over_closes_the_connection_without_a_word_and_the_next_start_is_a_restart()
    {
        await using (var speaker = NewSpeaker())
        {
            using var peer = await speaker.ConnectAsync(Address);
            await EstablishAsync(speaker, peer);
            speaker.Announce([Web]);

            await speaker.Speaker.HandOverAsync("an upgrade");

            Assert.Null(await peer.ReadUntilAsync(MessageType.Notification));
        }

        await using var next = NewSpeaker();
        using var helper = await next.ConnectAsync(Address);
        Assert.Equal((true, true), BitsOf(await ReadOpenAsync(helper)));
    }

    [Fact]
    public async Task A_hand_over_says_Cease_to_a_peer_without_graceful_restart()
    {
        await using var speaker = NewSpeaker();
        using var peer = await speaker.EstablishAsync(OtherAddress);

        await speaker.Speaker.HandOverAsync("an upgrade");

        await peer.AssertNotifiedAsync(ErrorCode.Cease, CeaseError.AdministrativeShutdown);
    }

    [Fact]
    public async Task After_a_boot_or_a_new_supervisor_the_start_is_no_restart()
    {
        await CrashAsync();

        await AssertFirstStartAsync(lineage: "another boot");
    }

    [Fact]
    public async Task A_damaged_marker_is_no_restart()
    {
        await CrashAsync();
        await File.WriteAllTextAsync(MarkerFile, "torn", TestContext.Current.CancellationToken);

        await AssertFirstStartAsync();
    }

    [Fact]
    public async Task Without_a_peer_for_graceful_restart_no_marker_is_written()
    {
        await using var speaker = NewSpeaker(restartTime: null);
        speaker.Announce([Web]);

        Assert.False(File.Exists(MarkerFile));
    }

    [Fact]
    public async Task A_peer_that_connects_anew_gets_everything_on_the_new_connection()
    {
        await using var speaker = NewSpeaker();
        speaker.Announce([Web]);
        using var first = await speaker.ConnectAsync(Address);
        await EstablishAsync(speaker, first);
        // The first second after Established is the collision's.
        await Poll.Until(
            async () => BootClock.Instance.Now() - (await speaker.StatusAsync(Address)).EstablishedAt!.Value,
            age => age > TimeSpan.FromSeconds(1.1), TestSpeaker.Bound, "the session is older than a collision");

        using var second = await speaker.ConnectAsync(Address);
        await EstablishAsync(speaker, second);

        Assert.Null(await first.ReadUntilAsync(MessageType.Notification));
        Assert.Equal(["announce 1", "End-of-RIB"], await ReadUpdatesAsync(second, 2));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string MarkerFile => Path.Combine(_directory.FullName, "speaker.restart");

    private TestSpeaker NewSpeaker(string lineage = "this boot") => NewSpeaker(TimeSpan.FromSeconds(20), lineage);

    private TestSpeaker NewSpeaker(TimeSpan? restartTime, string lineage = "this boot") => new(
        new RestartMarker(MarkerFile, lineage, NullLogger.Instance),
        TestSpeaker.Passive(Address, settings => settings with { RestartTime = restartTime }),
        TestSpeaker.Passive(OtherAddress));

    // What a speaker leaves behind that announced and had no time for anything else.
    private async Task CrashAsync()
    {
        await using var speaker = NewSpeaker();
        using var peer = await speaker.ConnectAsync(Address);
        Assert.Equal((false, false), BitsOf(await ReadOpenAsync(peer)));
        await EstablishAsync(speaker, peer);
        speaker.Announce([Web]);
        Assert.Equal([Web], await peer.ReadAnnouncedAsync());
    }

    private async Task AssertFirstStartAsync(string lineage = "this boot")
    {
        await using var speaker = NewSpeaker(lineage);
        using var peer = await speaker.ConnectAsync(Address);
        Assert.Equal((false, false), BitsOf(await ReadOpenAsync(peer)));
        await EstablishAsync(speaker, peer);
        Assert.Equal(["End-of-RIB"], await ReadUpdatesAsync(peer, 1));
    }

    private static async Task EstablishAsync(TestSpeaker speaker, TestPeer peer)
    {
        var open = TestSpeaker.Open();
        await peer.SendOpenAsync(open with
        {
            Capabilities = [.. open.Capabilities, new GracefulRestartCapability(false, true, 120, [])],
        });
        await peer.SendKeepAliveAsync();
        await speaker.WaitAsync(Address, BgpState.Established);
    }

    private static async Task<GracefulRestartCapability> ReadOpenAsync(TestPeer peer)
    {
        var message = await peer.ReadUntilAsync(MessageType.Open);
        Assert.NotNull(message);
        Assert.True(OpenDecoder.TryDecode(message, out var open, out _));
        return Assert.Single(open.Capabilities.OfType<GracefulRestartCapability>());
    }

    private static (bool R, bool F) BitsOf(GracefulRestartCapability restart) =>
        (restart.RestartState, Assert.Single(restart.Families).ForwardingState);

    private static async Task<List<string>> ReadUpdatesAsync(TestPeer peer, int count)
    {
        var updates = new List<string>();
        while (updates.Count < count)
        {
            var update = await peer.ReadUntilAsync(MessageType.Update);
            Assert.NotNull(update);
            var outcome = UpdateDecoder.Decode(update, Context);
            Assert.Equal(Severity.None, outcome.Severity);
            updates.Add(outcome.EndOfRib is not null ? "End-of-RIB"
                : outcome.AnnouncedIPv4 > 0 ? $"announce {outcome.AnnouncedIPv4}"
                : $"withdraw {outcome.WithdrawnIPv4}");
        }
        return updates;
    }
}
