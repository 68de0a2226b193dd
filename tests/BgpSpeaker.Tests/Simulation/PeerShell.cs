using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// The shell of one engine in virtual time: it carries out actions, reads, writes and fires timers in the order in
/// which the product's PeerRunner does, over simulated sockets.
/// </summary>
internal sealed partial class PeerShell
{
    private const int ReadBufferSize = 64 * 1024;
    private const int WriteBufferSize = 16 * 1024;
    private const int ReadsPerTurn = 16;
    private static readonly TimeSpan LingerBound = TimeSpan.FromSeconds(2);

    private readonly SpeakerNode _node;
    private readonly SpeakerNode _peer;
    private readonly PeerPlan _plan;
    private readonly Link _link;
    private readonly Simulator _simulator;
    private readonly Dictionary<ConnectionId, SimulatedSocket> _sockets = [];
    private readonly Dictionary<ConnectionId, DialAttempt> _dials = [];
    private readonly Queue<Action> _inbox = new();
    private readonly byte[] _readBuffer = new byte[ReadBufferSize];
    private readonly byte[] _writeBuffer = new byte[WriteBufferSize];
    private TimeSpan? _armed;
    private bool _isBfdUp;
    private bool _isDraining;
    private bool _isCarryingOut;
    private RouteSet _handed = RouteSet.Empty;

    public PeerShell(SpeakerNode node, SpeakerNode peer, Link link, Simulator simulator)
    {
        _node = node;
        _peer = peer;
        _plan = simulator.Scenario.PlanFor(node.Index, peer.Index);
        _link = link;
        _simulator = simulator;
        Name = $"{node.Name}>{peer.Name}";
        var profile = Sabotages.Profile(simulator.Sabotage, _plan.Profile);
        var session = profile.Session with { RestartingUntil = node.RestartedAt + profile.Session.RestartTime };
        Engine = new PeerEngine(profile with { Session = session }, simulator.Chance.Next(), simulator.Time.Now);
    }

    public string Name { get; }

    public PeerEngine Engine { get; }

    public Trace Trace => _simulator.Trace;

    /// <summary>The node has crashed: nothing happens here any more.</summary>
    public bool IsDead { get; private set; }

    public SpeakerNode Peer => _peer;

    private TimeSpan Now => _simulator.Time.Now;

    /// <summary>Puts something into the inbox; it is handled at once unless the node is paused.</summary>
    public void Post(Action input)
    {
        if (IsDead)
            return;
        _inbox.Enqueue(input);
        if (!_node.IsPaused)
            Drain();
    }

    public void Command(PeerEvent command) => Post(() =>
    {
        // BFD ends with the peer, and begins anew.
        if (command is ManualStop)
            _isBfdUp = false;
        Trace.Add(Name, "operator:", command.GetType().Name);
        Engine.Handle(command, Now);
    });

    /// <summary>How BFD finds the path, whenever it is asked.</summary>
    public void HearBfd(bool isUp) => Post(() =>
    {
        if (isUp == _isBfdUp || Engine.IsAdministrativelyDown)
            return;
        _isBfdUp = isUp;
        Trace.Add(Name, isUp ? "BFD is Up" : "BFD is Down");
        if (isUp)
            Engine.Handle(new BfdUp(), Now);
        else if (_simulator.Sabotage != Sabotage.IgnoreBfdDown)
            Engine.Handle(new BfdDown("the path failed"), Now);
        CarryOut();
        if (!isUp && _up is not null)
            throw new InvariantBroken(Invariant.BfdEndsSession, $"{Name} is Established though BFD is Down");
    });

    /// <summary>The peer asks for everything once more; between two of its messages.</summary>
    public void AskForRefresh() => Post(() =>
    {
        if (_up is not { } id || Engine.Connections.Single(open => open.Id == id).Pending.Length > 0)
            return;
        Trace.Add(Name, "is asked to refresh");
        var request = new byte[MessageSize.RouteRefresh];
        var family = Engine.Session!.Families[_simulator.Chance.Below(Engine.Session.Families.Count)];
        MessageEncoder.EncodeRouteRefresh(request, family, RouteRefreshSubtype.Request);
        Engine.Received(id, request, Now);
    });

    public void SetDesired(RouteSet desired) => Post(() => HandOver(desired));

    public void Accept(Endpoint end)
    {
        if (IsDead)
            end.Abort();
        else
            Post(() => Open(end, () => Engine.Accepted(_plan.Local, Now)));
    }

    /// <summary>Handles everything that waits, then what is due, as one turn of the product's loop.</summary>
    public void Drain()
    {
        if (_isDraining || IsDead)
            return;
        _isDraining = true;
        if (_simulator.Sabotage == Sabotage.TimersBeforeReads)
            FireTimers();
        while (_inbox.TryDequeue(out var input))
        {
            input();
            CarryOut();
        }
        FireTimers();
        _isDraining = false;
        Check();
        ArmTimer();
    }

    public void Die() => IsDead = true;

    private void HandOver(RouteSet desired)
    {
        if (_simulator.Sabotage == Sabotage.WithholdWithdraw
            && _handed.Routes.Any(route => !desired.TryGet(route.Prefix, out _)))
            return;
        _handed = _simulator.Sabotage switch
        {
            Sabotage.AnnounceUnleased => Sabotages.WithUnleased(desired),
            Sabotage.PretendComplete => Sabotages.AsIfComplete(desired),
            _ => desired,
        };
        Engine.SetDesired(_handed);
    }

    private void CarryOut()
    {
        // Carrying out an action can cause others: the outermost call does them all, in order.
        if (_isCarryingOut)
            return;
        _isCarryingOut = true;
        while (Engine.TakeActions() is { Count: > 0 } actions)
        {
            foreach (var action in actions)
                CarryOut(action);
        }
        _isCarryingOut = false;
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
            case CloseConnection close:
                Close(close);
                break;
            case SessionUp up:
                NoteUp(up);
                break;
            case SessionDown down when _simulator.Sabotage != Sabotage.ForgetSessionDown:
                NoteDown(down);
                break;
            case StateChanged change:
                Trace.Add(Name, change.To.ToString(), change.Reason);
                break;
        }
    }

    private void StartDial(ConnectionId id)
    {
        var attempt = new DialAttempt();
        _dials.Add(id, attempt);
        _link.Dial(_node, attempt, end =>
        {
            if (IsDead)
                end?.Abort();
            else
                Post(() => FinishDial(id, end));
        });
    }

    private void FinishDial(ConnectionId id, Endpoint? end)
    {
        if (!_dials.Remove(id))
        {
            end?.CloseGracefully();
            return;
        }
        if (end is null || end.IsReset || _simulator.Sabotage == Sabotage.RefuseDials)
            Engine.Handle(new TcpConnectionFails(id, "connection refused"), Now);
        else
            Open(end, () => Register(id));
    }

    private ConnectionId Register(ConnectionId dialled)
    {
        Engine.Connected(dialled, _plan.Local, Now);
        return dialled;
    }

    private void Open(Endpoint end, Func<ConnectionId> identify)
    {
        var socket = new SimulatedSocket(identify(), end, new WireChecker(this));
        _sockets.Add(socket.Id, socket);
        end.OnReadable = () => SignalReadable(socket);
        end.OnWritten = isReset => Post(() => FinishWrite(socket, isReset));
        SignalReadable(socket);
    }

    private void SignalReadable(SimulatedSocket socket)
    {
        if (socket.ReadableIsPosted)
            return;
        socket.ReadableIsPosted = true;
        Post(() =>
        {
            socket.ReadableIsPosted = false;
            if (Read(socket))
                CarryOut();
        });
    }

    /// <summary>Empties the socket into the engine, within a bound; false when the connection is gone.</summary>
    private bool Read(SimulatedSocket socket)
    {
        for (var turn = 0; turn < ReadsPerTurn && !socket.Closing && _sockets.ContainsKey(socket.Id); turn++)
        {
            var count = socket.End.Read(_readBuffer, out var status);
            if (status == ReadStatus.Nothing)
                return true;
            if (status != ReadStatus.Octets)
            {
                Fail(socket, status == ReadStatus.EndOfStream ? "closed by the peer" : "connection reset by peer");
                return false;
            }
            Engine.Received(socket.Id, _readBuffer.AsSpan(0, count), Now);
            CarryOut();
        }
        return _sockets.ContainsKey(socket.Id);
    }

    private void Write(SimulatedSocket socket)
    {
        while (!socket.WriteInFlight && _sockets.ContainsKey(socket.Id))
        {
            var count = Engine.TakeOutput(socket.Id, _writeBuffer, Now);
            if (count == 0)
            {
                if (socket.Closing)
                    Finish(socket);
                return;
            }
            var octets = Sabotages.Written(_simulator.Sabotage, _writeBuffer.AsSpan(0, count));
            socket.Checker.Take(octets, Engine.Established == socket.Id);
            if (_simulator.Sabotage == Sabotage.RepeatAfterNotification && socket.Checker.Notification is not null)
                socket.Checker.Take(octets, isEstablished: false);
            socket.WriteInFlight = true;
            socket.WriteLength = count;
            if (socket.End.TryWrite(octets))
                CountWritten(socket, socket.End.IsReset);
        }
    }

    private void FinishWrite(SimulatedSocket socket, bool isReset)
    {
        CountWritten(socket, isReset);
        Write(socket);
    }

    private void CountWritten(SimulatedSocket socket, bool isReset)
    {
        socket.WriteInFlight = false;
        if (!_sockets.ContainsKey(socket.Id))
            return;
        if (isReset)
        {
            Fail(socket, "connection reset by peer");
            return;
        }
        socket.WrittenOctets += socket.WriteLength;
        NoteProgress();
        Engine.Written(socket.Id, socket.WrittenOctets, Now);
    }

    private void Fail(SimulatedSocket socket, string reason)
    {
        _sockets.Remove(socket.Id);
        socket.End.CloseGracefully();
        Engine.Handle(new TcpConnectionFails(socket.Id, reason), Now);
        CarryOut();
    }

    private void Close(CloseConnection close)
    {
        if (_dials.Remove(close.Connection, out var attempt))
            attempt.IsGivenUp = true;
        if (!_sockets.TryGetValue(close.Connection, out var socket))
            return;
        if (close.Flush)
        {
            socket.Closing = true;
            Write(socket);
            if (socket.WriteInFlight)
                _simulator.Time.After(LingerBound, socket.End.Abort);
            return;
        }
        _sockets.Remove(close.Connection);
        Engine.Closed(close.Connection);
        socket.End.Abort();
    }

    private void Finish(SimulatedSocket socket)
    {
        _sockets.Remove(socket.Id);
        if (_simulator.Sabotage != Sabotage.LeakConnections)
            Engine.Closed(socket.Id);
        socket.End.CloseGracefully();
    }

    private void FireTimers()
    {
        if (Engine.NextDeadline is not { } due || due > Now)
            return;
        if (_simulator.Sabotage != Sabotage.TimersBeforeReads)
        {
            // A late reader must not kill a session: what the kernel already holds arrived before the timer.
            foreach (var socket in _sockets.Values.ToArray())
                Read(socket);
        }
        CarryOut();
        if (_simulator.Sabotage != Sabotage.IgnoreTimers)
            Engine.Handle(new TimersDue(), Now);
        CarryOut();
        NoteTimers();
    }

    private void ArmTimer()
    {
        if (Engine.NextDeadline is not { } due || due >= _armed)
            return;
        _armed = due;
        _simulator.Time.At(due, () =>
        {
            _armed = null;
            if (!_node.IsPaused)
                Drain();
        });
    }

    private sealed class SimulatedSocket(ConnectionId id, Endpoint end, WireChecker checker)
    {
        public ConnectionId Id => id;

        public Endpoint End => end;

        public WireChecker Checker => checker;

        public bool ReadableIsPosted { get; set; }

        public bool WriteInFlight { get; set; }

        public int WriteLength { get; set; }

        public bool Closing { get; set; }

        public long WrittenOctets { get; set; }
    }
}
