using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// The running speaker: one task per peer, one per listening address, and the leases. It announces nothing until a
/// client holds a lease.
/// </summary>
public sealed partial class Speaker : IAsyncDisposable
{
    /// <summary>How long a stop waits until every peer has acknowledged the withdrawals.</summary>
    public static readonly TimeSpan WithdrawBound = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PeerRunner> _peers;
    private readonly List<PeerListener> _listeners = [];
    private readonly List<Task> _tasks = [];

    /// <summary>Makes a speaker that does nothing before <see cref="Start"/>.</summary>
    public Speaker(SpeakerOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        Options = options;
        _clock = clock;
        _log = loggers.CreateLogger("speaker");
        Changes = new ChangeSignal();
        Leases = new LeaseHub(options, clock, OnRoutesChanged, Changes);
        _peers = options.Peers
            .Select(peer => new PeerRunner(peer, Leases.Routes, clock, _log, Changes))
            .ToList();
        StartedAt = clock.Now();
    }

    /// <summary>What it was told at start.</summary>
    public SpeakerOptions Options { get; }

    /// <summary>Who holds which announcements.</summary>
    public LeaseHub Leases { get; }

    /// <summary>Since when it runs, on its clock.</summary>
    public TimeSpan StartedAt { get; }

    /// <summary>Pulses when any peer, route or lease changed.</summary>
    internal ChangeSignal Changes { get; }

    /// <summary>Its clock, read as time since a fixed origin.</summary>
    internal TimeSpan Now => _clock.Now();

    internal TimeProvider Clock => _clock;

    internal IReadOnlyList<PeerRunner> Peers => _peers;

    /// <summary>Where it accepts peers, with real ports.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints => _listeners.ConvertAll(listener => listener.Endpoint);

    /// <summary>Connections refused because they came from addresses that are no peer's.</summary>
    public long RefusedConnections => _listeners.Sum(listener => listener.Refused);

    /// <summary>Listens and starts every peer.</summary>
    /// <exception cref="ListenException">An address cannot be listened on.</exception>
    public void Start()
    {
        foreach (var endpoint in Options.Listen)
        {
            try
            {
                _listeners.Add(new PeerListener(endpoint, _peers, _clock, _log));
            }
            catch (SocketException error)
            {
                throw new ListenException(endpoint, error);
            }
        }
        _tasks.AddRange(_peers.Select(peer => Task.Run(() => peer.RunAsync(_stop.Token))));
        _tasks.AddRange(_listeners.Select(listener => Task.Run(() => listener.RunAsync(_stop.Token))));
    }

    /// <summary>
    /// Withdraws everything, waits within <see cref="WithdrawBound"/> until the peers have acknowledged it, says
    /// Cease/2 to each, and ends.
    /// </summary>
    /// <param name="reason">RFC 9003 text for the peers, not blank.</param>
    public async Task StopAsync(string reason)
    {
        await WaitForDeliveryAsync(Leases.WithdrawEverything(reason), WithdrawBound);
        foreach (var peer in _peers)
            peer.Post(new ManualStop(reason));
        await WaitUntilAsync(
            async () => (await Task.WhenAll(_peers.Select(peer => peer.AskAsync(engine => engine.IsQuiet))))
                .All(quiet => quiet),
            PeerSocket.LingerBound);
        await _stop.CancelAsync();
        await Task.WhenAll(_tasks);
    }

    /// <summary>
    /// Waits until every Established peer has acknowledged <paramref name="version"/> of the routes, within a bound.
    /// </summary>
    public Task<bool> WaitForDeliveryAsync(long version, TimeSpan bound) =>
        WaitUntilAsync(
            () => Task.FromResult(_peers.TrueForAll(
                peer => peer.Delivery is { Connection: null } || peer.Delivery.AcknowledgedVersion >= version)),
            bound);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_tasks);
        foreach (var listener in _listeners)
            listener.Dispose();
        Leases.Dispose();
        _stop.Dispose();
    }

    private async Task<bool> WaitUntilAsync(Func<Task<bool>> condition, TimeSpan bound)
    {
        var deadline = Task.Delay(bound, _clock);
        while (true)
        {
            var change = Changes.Next;
            if (await condition())
                return true;
            if (await Task.WhenAny(change, deadline) == deadline)
                return await condition();
        }
    }

    private void OnRoutesChanged(RouteSet routes)
    {
        foreach (var peer in _peers)
            peer.SetDesired(routes);
    }
}

/// <summary>An address of the configuration cannot be listened on.</summary>
public sealed class ListenException : Exception
{
    /// <summary>Names the address, the cause and the remedy.</summary>
    public ListenException(IPEndPoint endpoint, SocketException cause)
        : base($"cannot listen on {endpoint}: {Explain(cause)}", cause)
    {
    }

    private static string Explain(SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            "another process has it (a BGP daemon, or a second speaker); stop it or set speaker.listen",
        SocketError.AccessDenied => "ports below 1024 need CAP_NET_BIND_SERVICE",
        SocketError.AddressNotAvailable => "the address is not on this node",
        var other => SocketErrorText.For(other),
    };
}
