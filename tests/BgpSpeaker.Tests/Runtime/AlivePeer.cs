using System.Diagnostics;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>
/// A peer with a hold time of 3 s, the shortest there is: it says KEEPALIVE each second, reads everything, and notes
/// what it has and how long the speaker was silent.
/// </summary>
internal sealed class AlivePeer : IAsyncDisposable
{
    public const ushort HoldTimeSeconds = 3;

    private static readonly TimeSpan KeepAliveInterval = TimeSpan.FromSeconds(HoldTimeSeconds) / 3;
    private static readonly UpdateContext Context = UpdateContext.Assumed with { LocalAs = TestSpeaker.PeerAs };

    private readonly TestPeer _peer;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Prefix> _held = [];
    private readonly Task _reading;
    private readonly Task _sending;
    private int _heldCount;
    private long _announced;
    private long _longestSilence;
    private long _lastAt = Stopwatch.GetTimestamp();

    private AlivePeer(TestPeer peer)
    {
        _peer = peer;
        _reading = Task.Run(ReadAsync);
        _sending = Task.Run(SendAsync);
    }

    /// <summary>The prefixes that it has from the speaker now.</summary>
    public int Held => Volatile.Read(ref _heldCount);

    /// <summary>How many times a prefix was announced to it.</summary>
    public long Announced => Volatile.Read(ref _announced);

    /// <summary>The longest time between two messages that restart a hold timer (RFC 4271 section 8.2.2).</summary>
    public TimeSpan LongestSilence =>
        new(Math.Max(Volatile.Read(ref _longestSilence), Stopwatch.GetElapsedTime(Volatile.Read(ref _lastAt)).Ticks));

    /// <summary>Establishes a session from an address that the speaker knows.</summary>
    public static async Task<AlivePeer> EstablishAsync(TestSpeaker speaker, string address) =>
        new(await speaker.EstablishAsync(address, HoldTimeSeconds));

    public Task SendAsync(byte[] octets) => _peer.SendAsync(octets);

    public Task AskForRefreshAsync() => _peer.SendRouteRefreshAsync();

    /// <summary>Fails when the speaker has closed the session, or was silent for longer than the hold time.</summary>
    public void AssertNeverMissed()
    {
        Assert.False(_reading.IsCompleted, _reading.Exception?.ToString() ?? "the session has ended");
        Assert.True(
            LongestSilence < TimeSpan.FromSeconds(HoldTimeSeconds), $"the speaker was silent for {LongestSilence}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _peer.Dispose();
        await Task.WhenAll(_reading, _sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    // Ends with the session.
    private async Task ReadAsync()
    {
        while (await _peer.ReadAsync() is { } message && (MessageType)message[MessageSize.Header - 1] is var type
            && type != MessageType.Notification)
        {
            if (type is not (MessageType.KeepAlive or MessageType.Update))
                continue;
            Volatile.Write(ref _longestSilence, LongestSilence.Ticks);
            Volatile.Write(ref _lastAt, Stopwatch.GetTimestamp());
            if (type == MessageType.Update)
                Take(message);
        }
    }

    private void Take(byte[] update)
    {
        var outcome = UpdateDecoder.Decode(update, Context, out var view);
        Assert.Equal(Severity.None, outcome.Severity);
        foreach (var prefix in new NlriReader(view.WithdrawnRoutes, isIPv6: false))
            _held.Remove(prefix);
        foreach (var prefix in new NlriReader(view.Nlri, isIPv6: false))
            _held.Add(prefix);
        Volatile.Write(ref _announced, _announced + outcome.AnnouncedIPv4);
        Volatile.Write(ref _heldCount, _held.Count);
    }

    private async Task SendAsync()
    {
        while (true)
        {
            await _peer.SendKeepAliveAsync();
            await Task.Delay(KeepAliveInterval, TimeProvider.System, _stop.Token);
        }
    }
}
