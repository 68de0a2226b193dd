using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Bench.Node;

/// <summary>
/// A router's stand-in: it accepts a speaker's session and notes when each UPDATE could be read. IPv4 only; a session
/// that ends is followed by the next one, and its routes are gone.
/// </summary>
internal sealed class BgpCollector : IDisposable
{
    public const ushort As = 65100;
    private const ushort HoldTimeSeconds = 9;
    private const uint BgpIdentifier = 0xC0000202;

    private static readonly ValueList<Capability> Capabilities =
        [new MultiprotocolCapability(Family.IPv4Unicast), new FourOctetAsCapability(As)];

    private readonly Lock _lock = new();
    private readonly List<RouteChange> _changes = [];
    private readonly HashSet<Prefix> _prefixes = [];
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly byte[] _buffer = new byte[MessageSize.Maximum];
    private readonly Timer _keepAlive;
    private Socket? _session;

    public BgpCollector(IPEndPoint endpoint)
    {
        _listener.Bind(endpoint);
        _listener.Listen();
        _keepAlive = new Timer(_ => SendKeepAlive());
        // A thread that blocks in receive wakes as soon as the octets are there; a pool thread may come later.
        new Thread(Run) { IsBackground = true, Name = "collector" }.Start();
    }

    /// <summary>Ends when so many prefixes are announced.</summary>
    /// <param name="prefixes">How many.</param>
    /// <param name="after">Changes before this timestamp (<see cref="Stopwatch"/>) do not count.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <returns>When the UPDATE that led there was read.</returns>
    /// <exception cref="TimeoutException">It has not come.</exception>
    public async Task<long> WaitAsync(int prefixes, long after, TimeSpan timeout)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Find(prefixes, after) is { } at)
                return at;
            if (timeout - Stopwatch.GetElapsedTime(start) is var left && left <= TimeSpan.Zero)
                throw new TimeoutException($"{prefixes} prefixes were not announced within {timeout.TotalSeconds} s");
            await _changed.WaitAsync(left);
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        _session?.Dispose();
        _keepAlive.Dispose();
        _changed.Dispose();
    }

    private long? Find(int prefixes, long after)
    {
        lock (_lock)
        {
            var found = _changes.FindIndex(change => change.At >= after && change.Prefixes == prefixes);
            return found < 0 ? null : _changes[found].At;
        }
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                using var session = _listener.Accept();
                session.NoDelay = true;
                Serve(session);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private void Serve(Socket session)
    {
        try
        {
            session.Send(OpenEncoder.Encode(new(As, HoldTimeSeconds, BgpIdentifier, Capabilities)));
            _session = session;
            _keepAlive.Change(TimeSpan.Zero, TimeSpan.FromSeconds(HoldTimeSeconds / 3));
            var filled = 0;
            while (session.Receive(_buffer.AsSpan(filled)) is > 0 and var read)
                filled = Consume(filled + read, Stopwatch.GetTimestamp());
        }
        catch (SocketException)
        {
            // The speaker was killed.
        }
        _keepAlive.Change(Timeout.Infinite, Timeout.Infinite);
        _session = null;
        _prefixes.Clear();
        Note(Stopwatch.GetTimestamp());
    }

    // What is left stands at the front of the buffer.
    private int Consume(int filled, long at)
    {
        var rest = _buffer.AsSpan(0, filled);
        while (Framer.Next(rest, MessageSize.Maximum, out var type, out var length, out _) == FrameStatus.Message)
        {
            if (type == MessageType.Update)
                Read(rest[..length], at);
            rest = rest[length..];
        }
        rest.CopyTo(_buffer);
        return rest.Length;
    }

    private void Read(ReadOnlySpan<byte> update, long at)
    {
        var outcome = UpdateDecoder.Decode(update, UpdateContext.Assumed, out var view);
        if (outcome.Severity != Severity.None)
            throw new InvalidOperationException($"The speaker sent a wrong UPDATE: {outcome.Describe()}");
        if (outcome.EndOfRib is not null)
            return;
        foreach (var prefix in new NlriReader(view.WithdrawnRoutes, isIPv6: false))
            _prefixes.Remove(prefix);
        foreach (var prefix in new NlriReader(view.Nlri, isIPv6: false))
            _prefixes.Add(prefix);
        Note(at);
    }

    private void Note(long at)
    {
        lock (_lock)
            _changes.Add(new(at, _prefixes.Count));
        _changed.Release();
    }

    private void SendKeepAlive()
    {
        Span<byte> message = stackalloc byte[MessageSize.Header];
        MessageEncoder.EncodeKeepAlive(message);
        try
        {
            _session?.Send(message);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The session has just ended; its reader sees that too.
        }
    }

    private readonly record struct RouteChange(long At, int Prefixes);
}
