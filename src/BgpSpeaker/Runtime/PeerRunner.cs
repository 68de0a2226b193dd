using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using AnycastVip.BgpSpeaker.Session;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// The shell of one peer: one task owns the engine and both sockets, reads, writes, and sleeps until the next deadline.
/// Everything else talks to it through its inbox, so a peer that is slow, or mad, is slow alone.
/// </summary>
internal sealed partial class PeerRunner
{
    private const int ReadBufferSize = 64 * 1024;
    // What one peer may make us read before its timers and writes get their turn.
    private const int ReadsPerTurn = 16;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AcknowledgementPoll = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan AcknowledgementPollMaximum = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly PeerDialer _dialer;
    // Of an unnumbered peer alone.
    private readonly LinkDiscovery? _discovery;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly ChangeSignal _changed;
    private readonly Channel<Input> _inbox = Channel.CreateUnbounded<Input>(new() { SingleReader = true });
    private readonly Dictionary<ConnectionId, PeerSocket> _sockets = [];
    private readonly Dictionary<ConnectionId, CancellationTokenSource> _dials = [];
    private readonly byte[] _readBuffer = new byte[ReadBufferSize];
    private readonly ITimer _timer;
    private readonly TimeSpan? _restartedAt;
    private PeerOptions _options;
    private RouteSet _desired;
    private RouteSet? _taken;
    private PeerEngine _engine;
    private TimeSpan? _nextAcknowledgementPoll;
    private TimeSpan _acknowledgementPoll = AcknowledgementPoll;
    private PeerDelivery _delivery = PeerDelivery.None;
    private bool _carryingOut;
    private string? _suspected;

    /// <param name="options">How to reach the peer, how to talk to it.</param>
    /// <param name="start">False: administratively down until told otherwise.</param>
    /// <param name="desired">What the peer shall have at first.</param>
    /// <param name="clock">For timers.</param>
    /// <param name="bfd">For <see cref="PeerOptions.Bfd"/>.</param>
    /// <param name="log">For changes of state.</param>
    /// <param name="changed">Pulses when anything that views show has changed.</param>
    /// <param name="restartedAt">When the speaker restarted; null: this is its first start.</param>
    public PeerRunner(
        PeerOptions options, bool start, RouteSet desired, TimeProvider clock, BfdTransport bfd, ILogger log,
        ChangeSignal changed, TimeSpan? restartedAt = null)
    {
        _restartedAt = restartedAt;
        _options = options;
        _dialer = new PeerDialer(options);
        if (options.IsUnnumbered)
            _discovery = new LinkDiscovery(options, clock, log, address => Post(new Learned(address)));
        _clock = clock;
        _bfd = bfd;
        _log = log;
        _changed = changed;
        _desired = desired;
        _timer = clock.CreateTimer(_ => Post(new Wake()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _engine = NewEngine();
        // Before anybody can hand over a connection: a peer that is not started refuses it.
        if (start)
            Post(new ManualStart());
    }

    public PeerOptions Options => Volatile.Read(ref _options);

    /// <summary>
    /// The peer's address with the scope that its interface has now; null while an unnumbered peer is not known.
    /// </summary>
    public IPAddress? CurrentAddress => _dialer.CurrentAddress;

    /// <summary>On the peer's task: <see cref="CurrentAddress"/> of an unnumbered peer has changed.</summary>
    public event Action? AddressLearned;

    /// <summary>On the peer's task: what it offers as the way out has changed; null: nothing any more.</summary>
    public event Action<DefaultRouteOffer?>? DefaultRoutesOffered;

    /// <summary>How far the peer has come with the desired set; a snapshot, replaced whole.</summary>
    public PeerDelivery Delivery => Volatile.Read(ref _delivery);

    /// <summary>Runs until <paramref name="stop"/>; then aborts what is still open.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var discovering = _discovery is null ? Task.CompletedTask : Task.Run(() => _discovery.RunAsync(stop), stop);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunEngineAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception bug)
            {
                // A bug must cost one session of one peer, not the node.
                LogBug(_log, bug, _options.Name);
                AbortAll();
                DefaultRoutesOffered?.Invoke(null);
                _carryingOut = false;
                var start = !_engine.IsAdministrativelyDown;
                _engine = NewEngine();
                await Task.Delay(RestartDelay, _clock, CancellationToken.None);
                if (start)
                    Post(new ManualStart());
            }
        }
        LeaveBfd();
        AbortAll();
        DefaultRoutesOffered?.Invoke(null);
        await discovering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _timer.DisposeAsync();
        _inbox.Writer.Complete();
        while (_inbox.Reader.TryRead(out var input))
        {
            if (input is Question question)
                question.GiveUp();
            else
                (input as Accepted)?.Socket.Dispose();
        }
    }

    /// <summary>Hands the peer an operator's command.</summary>
    public void Post(PeerEvent command) => Post(new Command(command));

    /// <summary>From now on the peer shall have exactly these routes. The newest call wins.</summary>
    public void SetDesired(RouteSet desired)
    {
        Volatile.Write(ref _desired, desired);
        Post(new DesiredChanged());
    }

    /// <summary>Takes other options under which the session goes on (<see cref="PeerOptions.KeepsSession"/>).</summary>
    public void Reconfigure(PeerOptions options)
    {
        Volatile.Write(ref _options, options);
        Post(new OptionsChanged());
    }

    /// <summary>Takes a socket that the listener accepted from the peer's address.</summary>
    public void Accept(Socket socket)
    {
        if (!_inbox.Writer.TryWrite(new Accepted(socket)))
            socket.Dispose();
    }

    /// <summary>Asks the peer's task a question; cancelled when the task has ended.</summary>
    public Task<T> AskAsync<T>(Func<PeerEngine, T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.Writer.TryWrite(new Question(Ask, answer.SetCanceled)))
            answer.SetCanceled();
        return answer.Task;

        // What goes wrong with a question is the asker's: the session has no part in it.
        void Ask(PeerEngine engine)
        {
            try
            {
                answer.SetResult(question(engine));
            }
            catch (Exception error)
            {
                answer.SetException(error);
            }
        }
    }

    private void Post(Input input) => _inbox.Writer.TryWrite(input);

    private PeerEngine NewEngine()
    {
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        // The first pull hands it the routes.
        _taken = null;
        return new PeerEngine(Profile(Options), seed, _clock.Now());
    }

    private PeerProfile Profile(PeerOptions options)
    {
        var session = options.Session with
        {
            UsesTcpMd5 = options.Password is not null,
            UsesTtlSecurity = options.TtlSecurityHops is not null,
            ReachesOneHop = options.ReachesOneHop,
            BfdStrict = options.Bfd is { Strict: true },
            RestartingUntil = _restartedAt + options.Session.RestartTime,
        };
        return new(options.Name, session, options.NextHopIPv4, options.NextHopIPv6, options.Attributes)
        {
            TakesDefaultRoutes = options.DefaultRouteMetric is not null,
        };
    }

    private async Task RunEngineAsync(CancellationToken stop)
    {
        while (await _inbox.Reader.WaitToReadAsync(stop))
        {
            // One at a time: what comes without end must not keep the timers waiting.
            if (_inbox.Reader.TryRead(out var input))
            {
                Apply(input);
                CarryOut();
                if (input is Command or OptionsChanged)
                    FollowBfd();
            }
            FireTimers();
            // Written and acknowledged are two facts with a time each.
            PublishDelivery();
            PollAcknowledgements();
            PublishDelivery();
            ArmTimer();
        }
    }

    private void Apply(Input input)
    {
        switch (input)
        {
            case Command command:
                _engine.Handle(command.Event, _clock.Now());
                break;
            case OptionsChanged:
                _engine.Reconfigure(Profile(Options));
                break;
            case BfdReported report:
                TakeBfdReport(report);
                break;
            case DesiredChanged:
                TakeNewestDesired();
                break;
            case Question question:
                question.Ask(_engine);
                break;
            case DialDone dial:
                FinishDial(dial);
                break;
            case Learned learned:
                TakeLearned(learned.Address);
                break;
            case DialImpossible dial:
                Fail(dial);
                break;
            case Accepted accepted:
                TakeAccepted(accepted.Socket);
                break;
            case Readable readable:
                ReadAndArm(readable.Socket);
                break;
            case WriteDone done:
                FinishWrite(done.Socket, done.Count, done.Error);
                break;
            case FlushOverdue overdue:
                // The write in flight fails by this, and takes the connection with it.
                if (_sockets.ContainsKey(overdue.Socket.Id))
                    overdue.Socket.Abort();
                break;
            case Wake:
                break;
        }
    }

    private void OfferDefaultRoutes(DefaultRoutesChanged changed)
    {
        if (Options.DefaultRouteMetric is not { } metric)
            return;
        var scope = changed.Peer is { IsIPv6LinkLocal: true } peer ? (int)peer.ScopeId : 0;
        DefaultRoutesOffered?.Invoke(
            changed.Routes == DefaultRoutes.None ? null : new DefaultRouteOffer(metric, changed.Routes, scope));
    }

    // A link that was down for a moment brings the same neighbour back, whose session may have survived.
    private void TakeLearned(IPAddress address)
    {
        if (address.Equals(_dialer.CurrentAddress))
            return;
        _dialer.Learn(address);
        AddressLearned?.Invoke();
        _engine.Handle(new PeerMoved($"found at {address} on {_options.Interface}"), _clock.Now());
        FollowBfd();
        _changed.Pulse();
    }

    // Before every pull: what was withdrawn while an older input waited in the inbox must not be announced.
    private void TakeNewestDesired()
    {
        var desired = Volatile.Read(ref _desired);
        if (ReferenceEquals(desired, _taken))
            return;
        _taken = desired;
        _engine.SetDesired(desired);
    }

    private void CarryOut()
    {
        // Carrying out an action can cause others: the outermost call does them all, in order.
        if (_carryingOut)
            return;
        _carryingOut = true;
        while (_engine.TakeActions() is { Count: > 0 } actions)
        {
            foreach (var action in actions)
                CarryOut(action);
        }
        _carryingOut = false;
    }

    private void CarryOut(PeerAction action)
    {
        switch (action)
        {
            case Dial dial:
                StartDial(dial.Connection);
                break;
            case OutputReady ready:
                if (_sockets.TryGetValue(ready.Connection, out var socket))
                    Write(socket);
                break;
            case DefaultRoutesChanged changed:
                OfferDefaultRoutes(changed);
                break;
            case CloseConnection close:
                Close(close);
                break;
            case StateChanged change:
                LogStateChange(_log, _options.Name, change.From, change.To, change.Reason);
                LogSuspicion();
                _changed.Pulse();
                break;
        }
    }

    // Once for each cause: a peer is dialled again and again.
    private void LogSuspicion()
    {
        var cause = _engine.SuspectedCause;
        if (cause == _suspected)
            return;
        _suspected = cause;
        if (cause is not null)
            LogSuspected(_log, _options.Name, cause);
    }

    private void FireTimers()
    {
        if (_engine.NextDeadline is not { } due || due > _clock.Now())
            return;
        // A late reader must not kill a session: what the kernel already holds arrived before the timer.
        foreach (var socket in _sockets.Values.ToArray())
            Read(socket);
        CarryOut();
        _engine.Handle(new TimersDue(), _clock.Now());
        CarryOut();
    }

    private void ArmTimer()
    {
        var now = _clock.Now();
        var sleep = LongestSleep;
        foreach (var deadline in (ReadOnlySpan<TimeSpan?>)[_engine.NextDeadline, _nextAcknowledgementPoll])
        {
            if (deadline is { } due && due - now < sleep)
                sleep = due - now;
        }
        _timer.Change(sleep < TimeSpan.Zero ? TimeSpan.Zero : sleep, Timeout.InfiniteTimeSpan);
    }

    private void AbortAll()
    {
        foreach (var dial in _dials.Values)
            dial.Cancel();
        _dials.Clear();
        foreach (var socket in _sockets.Values)
            socket.Abort();
        _sockets.Clear();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "peer {Peer}: {From} -> {To}: {Reason}")]
    private static partial void LogStateChange(ILogger log, string peer, BgpState from, BgpState to, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "peer {Peer}: suspected: {Cause}")]
    private static partial void LogSuspected(ILogger log, string peer, string cause);

    [LoggerMessage(Level = LogLevel.Critical, Message = "peer {Peer}: a bug ended the session; it starts anew")]
    private static partial void LogBug(ILogger log, Exception bug, string peer);

    private abstract record Input;

    private sealed record Command(PeerEvent Event) : Input;

    private sealed record OptionsChanged : Input;

    private sealed record DesiredChanged : Input;

    private sealed record Question(Action<PeerEngine> Ask, Action GiveUp) : Input;

    private sealed record DialDone(ConnectionId Connection, Socket? Socket, SocketError Error) : Input;

    private sealed record DialImpossible(ConnectionId Connection, string Reason) : Input;

    private sealed record Learned(IPAddress Address) : Input;

    private sealed record Accepted(Socket Socket) : Input;

    private sealed record Readable(PeerSocket Socket) : Input;

    private sealed record WriteDone(PeerSocket Socket, int Count, SocketError Error) : Input;

    private sealed record FlushOverdue(PeerSocket Socket) : Input;

    private sealed record Wake : Input;
}
