using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
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
    private readonly RestartMarker? _marker;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PeerListener> _listeners = [];
    private readonly List<Task> _listening = [];
    private readonly Dictionary<PeerRunner, RunningPeer> _running = [];
    // Held by whoever starts or ends peers.
    private readonly SemaphoreSlim _lifecycle = new(1);
    private readonly BfdTransport _bfd;
    private readonly TimeSpan? _restartedAt;
    private SpeakerOptions _options;
    private IReadOnlyList<PeerRunner> _peers;

    /// <summary>Makes a speaker that does nothing before <see cref="Start"/>.</summary>
    /// <param name="options">What it is told.</param>
    /// <param name="clock">For timers.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="marker">By which it knows that it has restarted; null: every start is a first one.</param>
    public Speaker(SpeakerOptions options, TimeProvider clock, ILoggerFactory loggers, RestartMarker? marker = null)
    {
        _options = options;
        _clock = clock;
        _marker = marker;
        _log = loggers.CreateLogger("speaker");
        StartedAt = clock.Now();
        _bfd = new BfdTransport(BfdSecret.Of(options), _log);
        Changes = new ChangeSignal();
        _peers = [];
        Leases = new LeaseHub(options, clock, OnRoutesChanged, Changes);
        _restartedAt = ResumeLeases(options);
        _defaultRoutes = NewDefaultRouteKeeper(options);
        _peers = options.Peers.Select(peer => NewPeer(peer, !peer.Shutdown)).ToArray();
    }

    /// <summary>The options in force.</summary>
    public SpeakerOptions Options => Volatile.Read(ref _options);

    /// <summary>Who holds which announcements.</summary>
    public LeaseHub Leases { get; }

    /// <summary>Since when it runs, on its clock.</summary>
    public TimeSpan StartedAt { get; }

    /// <summary>Pulses when any peer, route or lease changed.</summary>
    internal ChangeSignal Changes { get; }

    /// <summary>Its clock, read as time since a fixed origin.</summary>
    internal TimeSpan Now => _clock.Now();

    internal TimeProvider Clock => _clock;

    /// <summary>
    /// Held while a set of VIPs is taken: clients that wait for it hold no thread, which the peers' tasks need.
    /// </summary>
    internal SemaphoreSlim DeclarationTurn { get; } = new(1);

    /// <summary>Held while all routes are listed: so views, however many ask, take one thread of the peers' at most.
    /// </summary>
    internal SemaphoreSlim RouteViewTurn { get; } = new(1);

    /// <summary>The peers in the order of the configuration; a snapshot, replaced whole.</summary>
    internal IReadOnlyList<PeerRunner> Peers => Volatile.Read(ref _peers);

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
                _listeners.Add(new PeerListener(endpoint, () => Peers, _clock, _log));
            }
            catch (SocketException error)
            {
                throw new ListenException(endpoint, error);
            }
        }
        KeepDefaultRoutes();
        if (Options.Peers.Any(peer => peer.Bfd is not null))
            _bfd.Start();
        foreach (var peer in Peers)
            Run(peer);
        _listening.AddRange(_listeners.Select(listener => Task.Run(() => listener.RunAsync(_stop.Token))));
    }

    /// <summary>
    /// Withdraws everything, waits within <see cref="WithdrawBound"/> until the peers have acknowledged it, says
    /// Cease/2 to each, takes BFD to AdminDown, and ends.
    /// </summary>
    /// <param name="reason">RFC 9003 text for the peers, not blank.</param>
    public async Task StopAsync(string reason)
    {
        await _lifecycle.WaitAsync();
        try
        {
            // First: whoever is killed on the way from here has not restarted.
            _marker?.Remove();
            await WaitForDeliveryAsync(Leases.WithdrawEverything(reason), WithdrawBound);
            foreach (var peer in Peers)
                peer.Post(new ManualStop(reason));
            await WaitUntilQuietAsync(Peers);
            await _bfd.StopAsync(_clock);
            await EndEverythingAsync();
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    /// <summary>
    /// Waits until every Established peer has acknowledged <paramref name="version"/> of the routes, within a bound.
    /// </summary>
    public Task<bool> WaitForDeliveryAsync(long version, TimeSpan bound) =>
        WaitUntilAsync(
            () => Task.FromResult(Peers.All(
                peer => peer.Delivery is { Connection: null } || peer.Delivery.AcknowledgedVersion >= version)),
            bound);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _lifecycle.WaitAsync();
        await EndEverythingAsync();
        foreach (var listener in _listeners)
            listener.Dispose();
        _bfd.Dispose();
        Leases.Dispose();
        _stop.Dispose();
        _stopRoutes.Dispose();
        _lifecycle.Dispose();
        DeclarationTurn.Dispose();
        RouteViewTurn.Dispose();
    }

    private PeerRunner NewPeer(PeerOptions options, bool start)
    {
        var peer = new PeerRunner(options, start, Leases.Routes, _clock, _bfd, _log, Changes, _restartedAt);
        // Its TCP MD5 key is set under its address.
        peer.AddressLearned += FollowKeys;
        peer.DefaultRoutesOffered += offer => _defaultRoutes.Offer(options.Name, offer);
        return peer;
    }

    private void Run(PeerRunner peer)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        _running.Add(peer, new RunningPeer(stop, Task.Run(() => peer.RunAsync(stop.Token))));
    }

    private async Task EndAsync(PeerRunner peer)
    {
        if (!_running.Remove(peer, out var running))
            return;
        await running.Stop.CancelAsync();
        await running.Task;
        running.Stop.Dispose();
    }

    private async Task EndEverythingAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_listening);
        foreach (var peer in Peers)
            await EndAsync(peer);
        await EndDefaultRoutesAsync();
    }

    // Until nothing is left to flush, within a bound.
    private Task<bool> WaitUntilQuietAsync(IReadOnlyCollection<PeerRunner> peers) => WaitUntilAsync(
        async () => (await Task.WhenAll(peers.Select(peer => peer.AskAsync(engine => engine.IsQuiet))))
            .All(quiet => quiet),
        PeerSocket.LingerBound);

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
        // While the set is not complete, what the file says of the speaker before is still true.
        if (_marker is not null && routes.IsComplete && RestartTimeOf(Options) is not null)
            _marker.Keep(routes.Revisions.Select(client => client.ClientId));
        foreach (var peer in Peers)
            peer.SetDesired(routes);
    }

    private sealed record RunningPeer(CancellationTokenSource Stop, Task Task);
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
