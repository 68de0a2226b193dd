using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>One call of <see cref="PeerFsm.Next"/>: gathers the next state and the actions.</summary>
internal sealed class PeerTransition(PeerState before, TimeSpan now)
{
    // By then both ends know which of two connections that were opened at once is Established.
    private static readonly TimeSpan CollisionTime = TimeSpan.FromSeconds(1);

    private readonly BgpState _from = before.BgpState;
    private readonly List<PeerAction> _actions = [];
    private PeerState _state = before;
    private string _reason = "";
    private PeerEvent? _happened;

    public void Take(PeerEvent happened)
    {
        _happened = happened;
        switch (happened)
        {
            case ManualStart:
                Start();
                break;
            case ManualStop stop:
                Stop(stop);
                break;
            case ManualReset reset:
                Reset(reset);
                break;
            case PeerMoved moved:
                FollowPeer(moved);
                break;
            case AutomaticStop stop:
                EndAll(stop, Reasons.Sent(stop.Reason));
                if (EndsForLong(stop.Reason))
                    _state = _state with { RefusesUntil = now + _state.Settings.RetryAfterCease };
                break;
            case BfdUp:
                Release();
                break;
            case BfdDown down:
                OnBfdDown(down);
                break;
            case TimersDue:
                OnTimersDue();
                break;
            case TcpConnectionConfirmed accepted:
                Accept(accepted.Connection);
                break;
            case ConnectionEvent dialled when dialled.Connection == _state.Dialing:
                OnDial(dialled);
                break;
            case ConnectionEvent on when Find(on.Connection) is { } connection:
                Advance(connection, on);
                break;
        }
        ScheduleDial();
    }

    public (PeerState State, ValueList<PeerAction> Actions) Finish()
    {
        foreach (var action in _actions)
        {
            if (action is SendNotification sent)
                _state = _state with { LastSent = new NotificationRecord(sent.Notification, now) };
        }
        if (_state.BgpState != _from)
        {
            _actions.Add(new StateChanged(_from, _state.BgpState, _reason));
            _state = _state with { Since = now };
        }
        return (_state, _actions.ToValueList());
    }

    private void Start()
    {
        // RFC 4271 section 8.2.2: "The start events (Events 1, 3-7) are ignored" in every state but Idle.
        if (_state.AdminUp)
            return;
        _state = _state with
        {
            AdminUp = true,
            DownReason = "",
            LastEnd = null,
            LastRefusal = null,
            RetryWait = _state.Settings.RetryMinimum,
            RefusesUntil = null,
        };
        _reason = Reasons.Started;
        if (_state.IsHeldByBfd)
            _state = _state with { DownReason = Reasons.HeldByBfd };
        Dial();
    }

    private void Stop(ManualStop stop)
    {
        if (!_state.AdminUp)
            return;
        var reason = Reasons.AdministrativelyDown(stop.Text);
        EndAll(stop, reason);
        _state = _state with
        {
            AdminUp = false,
            ConnectRetryTimer = null,
            DownReason = reason,
            // BFD ends with the peer, and must be Up again before the next start counts.
            IsHeldByBfd = _state.Settings.BfdStrict,
        };
    }

    private void Reset(ManualReset reset)
    {
        if (!_state.AdminUp)
            return;
        EndAll(reset, Reasons.Reset(reset.Text));
        _state = _state with { RetryWait = _state.Settings.RetryMinimum, RefusesUntil = null };
        Dial();
    }

    private void Release()
    {
        if (!_state.AdminUp || !_state.IsHeldByBfd)
            return;
        _state = _state with { IsHeldByBfd = false, RetryWait = _state.Settings.RetryMinimum };
        _reason = "BFD is Up";
        Dial();
    }

    // RFC 9384 section 2: a session that BFD takes down is ended with "BFD Down". A dial under way
    // goes over the same path.
    private void OnBfdDown(BfdDown down)
    {
        if (!_state.AdminUp)
            return;
        EndAll(down, Reasons.BfdDown(down.Reason));
        _state = _state with { DownReason = Reasons.BfdDown(down.Reason) };
        if (_state.Settings.BfdStrict)
            HoldByBfd();
    }

    private void FollowPeer(PeerMoved moved)
    {
        if (!_state.AdminUp)
            return;
        EndAll(new AutomaticStop(Cease.OtherConfigurationChange), moved.Reason);
        _state = _state with { RetryWait = _state.Settings.RetryMinimum };
        // BFD has to be Up towards the new address too.
        if (_state.Settings.BfdStrict)
            HoldByBfd();
        Dial();
    }

    private void HoldByBfd() => _state = _state with { IsHeldByBfd = true, ConnectRetryTimer = null };

    private void EndAll(PeerEvent stop, string reason)
    {
        if (_state.Dialing is { } dial)
            GiveUpDial(dial);
        if (_state.Outgoing is { } outgoing)
            Advance(outgoing, stop);
        if (_state.Incoming is { } incoming)
            Advance(incoming, stop);
        _reason = reason;
    }

    private void OnTimersDue()
    {
        if (_state.Outgoing is { } outgoing)
            Advance(outgoing, new TimersDue());
        if (_state.Incoming is { } incoming)
            Advance(incoming, new TimersDue());
        if (!(now >= _state.ConnectRetryTimer))
            return;
        if (_state.Dialing is { } dial)
        {
            GiveUpDial(dial);
            Ended(new(BgpState.Connect, Reasons.NoAnswer(_state.Settings), Tcp: TcpFailure.NoAnswer));
        }
        else
        {
            _reason = "dialling";
            Dial();
        }
    }

    private void Dial()
    {
        if (_state.Settings.Passive || _state.IsHeldByBfd)
            return;
        var dial = new ConnectionId(_state.Dials + 1);
        _state = _state with
        {
            Dials = dial.Value,
            Dialing = dial,
            ConnectRetryTimer = now + _state.Settings.ConnectTimeout,
        };
        _actions.Add(new Dial(dial));
    }

    private void GiveUpDial(ConnectionId dial)
    {
        _state = _state with { Dialing = null, ConnectRetryTimer = null };
        _actions.Add(new CloseConnection(dial, Flush: false));
    }

    private void OnDial(ConnectionEvent answer)
    {
        if (answer is Tcp_CR_Acked)
        {
            _state = _state with { Dialing = null, ConnectRetryTimer = null, Outgoing = Open(answer.Connection) };
            _reason = "connected to the peer";
        }
        else if (answer is TcpConnectionFails fails)
        {
            GiveUpDial(answer.Connection);
            Ended(new(BgpState.Connect, fails.Reason, Tcp: fails.Failure));
        }
    }

    private void Accept(ConnectionId connection)
    {
        if (connection == _state.Dialing || Find(connection) is not null)
            return;

        // RFC 4271 section 8.2.2: in Idle "BGP FSM refuses all incoming BGP connections for this peer"; it is in Idle
        // also until it starts again after a stop of our own. Without a word: a Cease/5 would replace the operator's
        // shutdown text, or our limit, in the router's view every time it dials.
        if (!_state.AdminUp || now < _state.RefusesUntil)
        {
            _actions.Add(new CloseConnection(connection, Flush: false));
            return;
        }

        if (_state.IsHeldByBfd)
        {
            Refuse(connection, Cease.BfdDown);
            return;
        }

        // RFC 4271 section 6.8: "a connection collision with an existing BGP connection that is in the Established
        // state causes closing of the newly created connection." If the old one is dead its hold timer ends it, and
        // the peer's next try is taken.
        if (_state.Established is { } established)
        {
            // One that was under way when the other won is a collision.
            if (!established.Session.GracefulRestart || now - established.Since < CollisionTime)
            {
                Refuse(connection, Cease.ConnectionCollisionResolution);
                return;
            }
            // RFC 4724 section 5: a peer that connects anew has lost the session, and may have restarted. No
            // NOTIFICATION: nobody is there to read it.
            Advance(established, new TcpConnectionFails(established.Connection, Reasons.ConnectedAnew));
        }

        // A peer dials one connection at a time: by the second one the first is dead at its end.
        if (_state.Incoming is { } stale)
            End(stale, Reasons.ConnectedAnew);
        _state = _state with { Incoming = Open(connection) };
        _reason = "the peer connected";
    }

    private void Refuse(ConnectionId connection, Notification notification)
    {
        _actions.Add(new SendNotification(connection, notification));
        _actions.Add(new CloseConnection(connection, Flush: true));
    }

    private ConnectionState Open(ConnectionId id)
    {
        var jitter = _state.Jitter.Fork(out var next);
        _state = _state with { Jitter = next };
        var settings = _state.Settings with { RestartState = RestartState };
        var (connection, actions) = ConnectionFsm.Open(id, settings, jitter, now);
        _actions.AddRange(actions);
        return connection;
    }

    private RestartState RestartState =>
        _state.Flaps > 0 ? RestartState.SessionLost
        : now < _state.Settings.RestartingUntil ? RestartState.Restarted
        : RestartState.None;

    private void Advance(ConnectionState connection, PeerEvent happened)
    {
        if (happened is NotifMsg received)
            _state = _state with { LastReceived = new NotificationRecord(received.Notification, now) };
        var (next, actions) = ConnectionFsm.Next(connection, happened, now);

        // RFC 4271 section 6.8: "Upon receipt of an OPEN message, the local system MUST examine all of its connections
        // that are in the OpenConfirm state."
        if (connection is OpenSent && next is OpenConfirm opened && Other(connection) is OpenConfirm rival)
        {
            var outgoingSurvives = OutgoingSurvives(opened.Session);
            if (outgoingSurvives == IsOutgoing(rival))
            {
                End(connection, "collision: the other connection survives");
                return;
            }
            End(rival, "collision: the other connection survives");
        }
        Move(connection, next, actions);
    }

    // RFC 4271 section 6.8 retains "only the connection initiated by the BGP speaker with the higher-valued BGP
    // Identifier"; RFC 6286 section 2.3: if they are identical, that "initiated by the BGP speaker with the larger AS
    // number".
    private bool OutgoingSurvives(NegotiatedSession session)
    {
        var settings = _state.Settings;
        return settings.BgpIdentifier != session.PeerIdentifier
            ? settings.BgpIdentifier > session.PeerIdentifier
            : settings.LocalAs > session.PeerAs;
    }

    private void End(ConnectionState connection, string reason)
    {
        var (next, actions) = ConnectionFsm.Notify(connection, Cease.ConnectionCollisionResolution, reason);
        Move(connection, next, actions);
    }

    // The one place where a connection's state is replaced, and where entering a state is followed up.
    private void Move(ConnectionState from, ConnectionState to, ValueList<PeerAction> actions)
    {
        _actions.AddRange(actions);
        if (ReferenceEquals(from, to))
            return;
        var kept = to is Closed ? null : to;
        _state = IsOutgoing(from) ? _state with { Outgoing = kept } : _state with { Incoming = kept };
        switch (to)
        {
            case OpenConfirm when from is OpenSent:
                _reason = "OPEN accepted";
                break;
            case Established when from is OpenConfirm:
                OnEstablished(to);
                break;
            case Closed closed:
                OnClosed(from, closed);
                break;
        }
    }

    private void OnEstablished(ConnectionState connection)
    {
        if (_state.Dialing is { } dial)
            GiveUpDial(dial);
        if (Other(connection) is { } other)
            End(other, "collision: the other connection is Established");
        _state = _state with { ConnectRetryTimer = null, LastEnd = null, LastRefusal = null };
        _reason = "session established";
    }

    private void OnClosed(ConnectionState from, Closed closed)
    {
        if (from is Established established)
        {
            _state = _state with { Flaps = _state.Flaps + 1 };
            if (now - established.Since >= _state.Settings.RetryAfterCease)
                _state = _state with { RetryWait = _state.Settings.RetryMinimum };
        }
        if (EndsForLong(closed.Notification))
            _state = _state with { RetryWait = _state.Settings.RetryAfterCease };
        Ended(_happened switch
        {
            NotifMsg => new(from.BgpState, closed.Reason, Received: closed.Notification),
            TcpConnectionFails fails => new(from.BgpState, closed.Reason, Tcp: fails.Failure),
            _ => new(from.BgpState, closed.Reason, Sent: closed.Notification),
        });
    }

    // RFC 4486 section 4 recommends damping (DampPeerOscillations) after a Cease that does not pass by itself. Cease/5
    // is left to the usual doubling: a router that is only busy starting says it too.
    private static bool EndsForLong(Notification? notification) =>
        notification?.Unwrap() is
        {
            Code: ErrorCode.Cease,
            Subcode: CeaseError.MaximumNumberOfPrefixesReached or CeaseError.AdministrativeShutdown
                or CeaseError.PeerDeconfigured or CeaseError.OutOfResources,
        };

    private void Ended(ConnectionEnd end)
    {
        _reason = end.Reason;
        if (_state.Outgoing is not null || _state.Incoming is not null)
            return;
        _state = _state with
        {
            DownReason = end.Reason,
            LastEnd = end,
            LastRefusal = EndsForLong(end.Received) ? end : _state.LastRefusal,
        };
    }

    // Keeps the promise in the remarks of PeerState: whoever is up, active and not Established dials or waits to.
    private void ScheduleDial()
    {
        if (!_state.AdminUp || _state.Settings.Passive || _state.IsHeldByBfd || _state.Dialing is not null
            || _state.Outgoing is not null || _state.ConnectRetryTimer is not null || _state.Established is not null)
            return;
        var wait = _state.Jitter.Apply(_state.RetryWait, out var next);
        var doubled = 2 * _state.RetryWait;
        var maximum = _state.Settings.RetryMaximum;
        _state = _state with
        {
            Jitter = next,
            ConnectRetryTimer = now + wait,
            RetryWait = doubled < maximum ? doubled : maximum,
        };
    }

    private ConnectionState? Find(ConnectionId id) =>
        _state.Outgoing?.Connection == id ? _state.Outgoing
        : _state.Incoming?.Connection == id ? _state.Incoming
        : null;

    private ConnectionState? Other(ConnectionState connection) =>
        IsOutgoing(connection) ? _state.Incoming : _state.Outgoing;

    private bool IsOutgoing(ConnectionState connection) => _state.Outgoing?.Connection == connection.Connection;
}
