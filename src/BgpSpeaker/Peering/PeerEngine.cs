using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>The shell may take octets of this connection with <see cref="PeerEngine.TakeOutput"/>.</summary>
public sealed record OutputReady(ConnectionId Connection) : PeerAction;

/// <summary>
/// Everything about one peer that is not I/O: octets go in, octets and actions come out. It joins the session machine,
/// the decoders and the Adj-RIB-Out. The shell (or the simulator) owns sockets and time, calls from one thread at a
/// time, and carries out <see cref="TakeActions"/> after each call.
/// </summary>
public sealed partial class PeerEngine
{
    private readonly Dictionary<ConnectionId, PeerConnection> _connections = [];
    private readonly List<PeerAction> _actions = [];
    private readonly AdjRibOut _ribOut = new();
    private readonly TransitionHistory _transitions = new();
    private PeerProfile _profile;
    private PeerState _state;
    private PeerConnection? _established;
    private NegotiatedSession? _session;
    private PrefixLimit? _limit;
    private long _accepted;

    /// <summary>Makes an engine that waits for <see cref="ManualStart"/>.</summary>
    /// <param name="profile">Who the peer is.</param>
    /// <param name="seed">For jitter; any number.</param>
    /// <param name="now">Time since the clock's fixed origin.</param>
    public PeerEngine(PeerProfile profile, ulong seed, TimeSpan now)
    {
        _profile = profile;
        _state = PeerFsm.Initial(profile.Session, seed, now);
    }

    /// <summary>When <see cref="TimersDue"/> must be handled next; null: never.</summary>
    public TimeSpan? NextDeadline => PeerFsm.NextDeadline(_state);

    /// <summary>The connection that is Established; null when none is.</summary>
    public ConnectionId? Established => _established?.Id;

    /// <summary>What the session agreed on; null unless Established.</summary>
    public NegotiatedSession? Session => _session;

    /// <summary>The open connections, those included that only flush their last octets.</summary>
    internal IReadOnlyCollection<PeerConnection> Connections => _connections.Values;

    /// <summary>What must be done now, in order; the list is the caller's.</summary>
    public IReadOnlyList<PeerAction> TakeActions()
    {
        if (_actions.Count == 0)
            return [];
        var taken = _actions.ToArray();
        _actions.Clear();
        return taken;
    }

    /// <summary>Handles an event without octets or a new connection: start, stop, reset, timers, failures.</summary>
    public void Handle(PeerEvent occurred, TimeSpan now)
    {
        if (occurred is TcpConnectionFails failure)
            _connections.Remove(failure.Connection);
        Run(occurred, now);
    }

    /// <summary>A dial was answered.</summary>
    public void Connected(ConnectionId dialled, LocalEnd local, TimeSpan now)
    {
        _connections[dialled] = new PeerConnection(dialled, local);
        Run(new Tcp_CR_Acked(dialled), now);
    }

    /// <summary>The peer connected to us; the returned id names the connection from now on.</summary>
    public ConnectionId Accepted(LocalEnd local, TimeSpan now)
    {
        // The machine counts its dials upwards from 1.
        var id = new ConnectionId(--_accepted);
        _connections[id] = new PeerConnection(id, local);
        Run(new TcpConnectionConfirmed(id), now);
        return id;
    }

    /// <summary>The shell has closed a connection that the machine had let go.</summary>
    public void Closed(ConnectionId connection) => _connections.Remove(connection);

    /// <summary>Octets have come.</summary>
    /// <param name="id">On which connection.</param>
    /// <param name="octets">In order, cut anywhere.</param>
    /// <param name="arrivedAt">When the socket had them: hold time is judged by this.</param>
    public void Received(ConnectionId id, ReadOnlySpan<byte> octets, TimeSpan arrivedAt)
    {
        if (!_connections.TryGetValue(id, out var connection) || connection.LetGo)
            return;
        connection.Append(octets);
        var consumed = 0;
        while (!connection.LetGo)
        {
            var pending = connection.Pending[consumed..];
            var status = Framer.Next(pending, connection.MaximumInbound, out var type, out var length, out var error);
            if (status == FrameStatus.NeedMore)
                break;
            if (status == FrameStatus.Error)
            {
                Run(new MessageError(id, error!), arrivedAt);
                break;
            }
            consumed += length;
            _received = _received.Add(type, length);
            Run(Interpret(connection, type, pending[..length]), arrivedAt);
        }
        connection.Consume(consumed);
    }

    /// <summary>Fills <paramref name="buffer"/> with whole messages.</summary>
    /// <param name="id">For which connection.</param>
    /// <param name="buffer">At least <see cref="MessageSize.Maximum"/> octets.</param>
    /// <param name="now">Time since the clock's fixed origin.</param>
    /// <returns>How many octets; 0 when none wait.</returns>
    public int TakeOutput(ConnectionId id, Span<byte> buffer, TimeSpan now)
    {
        if (!_connections.TryGetValue(id, out var connection))
            return 0;
        var total = 0;
        while (connection.TakeControl(buffer[total..]) is > 0 and var taken)
            total += taken;
        if (connection != _established)
            return total;
        var updates = _sent.Update;
        while (buffer.Length - total >= MessageSize.Maximum
            && _ribOut.TryNext(buffer.Slice(total, MessageSize.Maximum), out var written))
        {
            connection.CountTaken(written);
            CountSent(buffer.Slice(total, written));
            total += written;
        }
        NoteReached(connection);
        // A ROUTE-REFRESH does not restart the peer's hold timer, so it must not restart our KeepaliveTimer either.
        if (_sent.Update > updates)
            Run(new UpdateSent(id), now);
        return total;
    }

    /// <summary>The kernel has taken this many octets since the connection began.</summary>
    public void Written(ConnectionId id, long totalOctets, TimeSpan now)
    {
        if (!_connections.TryGetValue(id, out var connection))
            return;
        connection.Delivery.Written(totalOctets);
        Run(new BytesWritten(id), now);
    }

    /// <summary>The peer's TCP has acknowledged this many octets since the connection began.</summary>
    public void Acknowledged(ConnectionId id, long totalOctets)
    {
        if (_connections.TryGetValue(id, out var connection))
            connection.Delivery.Acknowledged(totalOctets);
    }

    /// <summary>From now on the peer shall have exactly these routes.</summary>
    public void SetDesired(RouteSet desired)
    {
        _ribOut.SetDesired(desired);
        if (_established is not { } connection)
            return;
        NoteReached(connection);
        _actions.Add(new OutputReady(connection.Id));
    }

    /// <summary>Takes another profile that leaves the session, if there is one, as it is.</summary>
    /// <param name="profile">
    /// Differs in next hops, attributes and <see cref="PeerSettings.WithWaitsOf"/> at most.
    /// </param>
    public void Reconfigure(PeerProfile profile)
    {
        _profile = profile;
        _state = PeerFsm.WithWaitsOf(_state, profile.Session);
        if (_established is not { } connection || _session is not { } session)
            return;
        _export = ExportFor(session, connection.Local);
        _ribOut.ChangeExport(_export);
        _actions.Add(new OutputReady(connection.Id));
    }

    private void NoteReached(PeerConnection connection)
    {
        if (_ribOut.SyncedVersion is { } version)
            connection.Delivery.Reached(version, connection.TakenOctets);
    }

    private void Run(PeerEvent occurred, TimeSpan now)
    {
        (_state, var actions) = PeerFsm.Next(_state, occurred, now);
        foreach (var action in actions)
            Interpret(action, now);
    }

    private void Interpret(PeerAction action, TimeSpan now)
    {
        Span<byte> buffer = stackalloc byte[MessageSize.Maximum];
        switch (action)
        {
            case SendOpen send:
                Queue(send.Connection, OpenEncoder.Encode(send.Open));
                break;
            case SendKeepalive send:
                var keepalive = MessageEncoder.EncodeKeepAlive(buffer);
                Queue(send.Connection, buffer[..keepalive]);
                break;
            case SendNotification send:
                var notification = MessageEncoder.EncodeNotification(buffer, send.Notification);
                Queue(send.Connection, buffer[..notification]);
                break;
            case SessionUp up:
                Establish(up, now);
                break;
            case SessionDown:
                _established = null;
                _session = null;
                _export = null;
                _limit = null;
                _ribOut.SessionDown();
                Take(DefaultRoutes.None);
                _actions.Add(action);
                break;
            case CloseConnection close:
                LetGo(close);
                break;
            case StateChanged change:
                _transitions.Add(change, now);
                _actions.Add(change);
                break;
            default:
                _actions.Add(action);
                break;
        }
    }

    private void Queue(ConnectionId id, ReadOnlySpan<byte> message)
    {
        if (!_connections.TryGetValue(id, out var connection) || !connection.TryQueue(message))
            return;
        CountSent(message);
        _actions.Add(new OutputReady(id));
    }

    private void Establish(SessionUp up, TimeSpan now)
    {
        var connection = _connections[up.Connection];
        _established = connection;
        _session = up.Session;
        _receivedRoutes = ReceivedRoutes.None;
        _limit = _profile.Session.MaximumPrefixes is { } maximum ? new PrefixLimit(maximum) : null;
        _establishedAt = now;
        if (up.Session.ExtendedMessage)
            connection.MaximumInbound = MessageSize.ExtendedMaximum;
        _updateContext = new UpdateContext
        {
            FourOctetAs = up.Session.FourOctetAs,
            IsExternal = _profile.Session.IsExternal,
            LocalAs = _profile.Session.LocalAs,
            IPv4Unicast = up.Session.Families.Contains(Family.IPv4Unicast),
            IPv6Unicast = up.Session.Families.Contains(Family.IPv6Unicast),
            Role = _profile.Session.Role,
            PeerAs = up.Session.PeerAs,
            ExtendedNextHop = up.Session.ExtendedNextHop,
            AddPathIPv4 = up.Session.AddPathFamilies.Contains(Family.IPv4Unicast),
            AddPathIPv6 = up.Session.AddPathFamilies.Contains(Family.IPv6Unicast),
        };
        _export = ExportFor(up.Session, connection.Local);
        _ribOut.SessionUp(_export);
        _actions.Add(up);
        _actions.Add(new OutputReady(up.Connection));
    }

    private void LetGo(CloseConnection close)
    {
        if (_connections.TryGetValue(close.Connection, out var connection))
        {
            connection.LetGo = true;
            if (!close.Flush)
                _connections.Remove(close.Connection);
        }
        _actions.Add(close);
    }
}
