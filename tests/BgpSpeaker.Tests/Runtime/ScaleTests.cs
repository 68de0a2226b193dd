using System.Diagnostics;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

[CollectionDefinition(nameof(LoadsTheMachine), DisableParallelization = true)]
public sealed class LoadsTheMachine;

/// <summary>
/// 10,000 prefixes and 64 peers with a hold time of 3 s. Runs alone: its peers would make other tests wait.
/// </summary>
[Collection(nameof(LoadsTheMachine))]
public sealed class ScaleTests
{
    private const int Peers = 64;
    private const int Prefixes = 10_000;

    // Longer than the hold time, so that one KEEPALIVE too few ends the session.
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(AlivePeer.HoldTimeSeconds + 1);

    [Fact]
    public async Task Sixty_four_peers_follow_10_000_prefixes_that_come_and_go_without_a_missed_keepalive()
    {
        await using var bed = await ScaleBed.StartAsync(Peers);
        var busySince = Stopwatch.GetTimestamp();

        for (var round = 0; round == 0 || Stopwatch.GetElapsedTime(busySince) < Busy; round++)
        {
            await bed.AnnounceAsync(Prefixes);
            await bed.AnnounceAsync(Prefixes / 2);
        }

        await bed.AnnounceAsync(Prefixes);
        await bed.AssertNothingMissedAsync();
    }

    [Fact]
    public async Task Route_refreshes_of_10_000_prefixes_by_64_peers_delay_no_keepalive()
    {
        await using var bed = await ScaleBed.StartAsync(Peers);
        await bed.AnnounceAsync(Prefixes);
        var busySince = Stopwatch.GetTimestamp();

        for (var round = 0; round == 0 || Stopwatch.GetElapsedTime(busySince) < Busy; round++)
        {
            var wanted = bed.Peers.Select(peer => peer.Announced + Prefixes).ToArray();
            await Task.WhenAll(bed.Peers.Select(peer => peer.AskForRefreshAsync()));
            await ScaleBed.WaitAsync(
                () => bed.Peers.Zip(wanted).All(each => each.First.Announced >= each.Second),
                "every peer has everything once more");
        }

        Assert.All(bed.Peers, peer => Assert.Equal(Prefixes, peer.Held));
        await bed.AssertNothingMissedAsync();
    }

    private sealed class ScaleBed(TestSpeaker speaker, IReadOnlyList<string> addresses) : IAsyncDisposable
    {
        public List<AlivePeer> Peers { get; } = [];

        public static async Task<ScaleBed> StartAsync(int peers)
        {
            var addresses = Enumerable.Range(1, peers).Select(i => $"127.20.0.{i}").ToArray();
            var speaker = new TestSpeaker([.. addresses.Select(address => TestSpeaker.Passive(address))]);
            var bed = new ScaleBed(speaker, addresses);
            foreach (var address in addresses)
                bed.Peers.Add(await AlivePeer.EstablishAsync(speaker, address));
            return bed;
        }

        /// <summary>Announces exactly so many prefixes, and waits until every peer has them.</summary>
        public async Task AnnounceAsync(int prefixes)
        {
            speaker.Announce(TestSpeaker.Prefixes(prefixes));
            await WaitAsync(
                () => Peers.TrueForAll(peer => peer.Held == prefixes), $"every peer has {prefixes} prefixes");
        }

        public static async Task WaitAsync(Func<bool> condition, string description) =>
            await Poll.Until(condition, holds => holds, TestSpeaker.Bound, description);

        public async Task AssertNothingMissedAsync()
        {
            Assert.All(Peers, peer => peer.AssertNeverMissed());
            foreach (var address in addresses)
                Assert.Equal((address, 0L), (address, (await speaker.StatusAsync(address)).Flaps));
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var peer in Peers)
                await peer.DisposeAsync();
            await speaker.DisposeAsync();
        }
    }
}
