namespace AnycastVip.HealthGate.Health;

/// <summary>One step of <see cref="VipGate"/>: the state in the making and the actions so far.</summary>
internal sealed class VipTransition(VipGateState before, TimeSpan now)
{
    private readonly List<VipAction> _actions = [];
    private readonly VipStatus _statusBefore = before.Status;
    private VipGateState _state = before;

    private VipDrainSettings Drain => _state.Settings.Drain;

    private TimeSpan ConnectionTimeout => _state.ConnectionTimeout ?? Drain.ConnectionTimeout;

    private ClosingWindow ClosingWindow => ClosingWindow.Of(ConnectionTimeout);

    // So that the whole of the window lies within the time that connections have.
    private TimeSpan ClosingAt => _state.PhaseSince + ConnectionTimeout - ClosingWindow.Length;

    // While connections are waited for: when the routers have surely followed the withdraw. They are given as long as
    // they were given to follow the worse path.
    private TimeSpan MovedAt => _state.PhaseSince + Drain.HoldBeforeWithdraw;

    private bool IsPhaseOver => Deadline.IsDue(_state.PhaseEndsAt, now);

    public void Take(VipInput input)
    {
        switch (input)
        {
            case FactsSeen seen:
                Learn(seen.Facts);
                break;
            case VipReconfigured reconfigured:
                _state = _state with { Settings = reconfigured.Settings };
                Learn(_state.Facts);
                break;
            case VipDrainOrdered order:
                Obey(order);
                break;
            case RouteDelivered delivered when delivered.What == _state.Announcement:
                Delivered();
                break;
            // Before the routers have followed the withdraw clients still come: such a zero means nothing.
            case ConnectionsCounted count when _state.Phase == VipPhase.Connections && count.At >= MovedAt:
                _state = _state with { Count = count };
                break;
        }
        if (_state.IsDrained)
            GoDown();
        else
            GoUp();
    }

    public (VipGateState State, IReadOnlyList<VipAction> Actions) Finish()
    {
        var (status, reason) = VipView.Describe(_state, now);
        if (status != _statusBefore)
            _actions.Add(new VipStatusChanged(_statusBefore, status, reason));
        _state = _state with
        {
            Status = status,
            Reason = reason,
            Since = status == _statusBefore ? _state.Since : now,
        };
        return (_state, _actions);
    }

    private void Learn(VipFacts facts)
    {
        _state = _state with { Facts = facts, Health = VipHealth.Of(_state.Settings, facts) };
        var isReady = _state.Health.IsServing && _state.Missing is null;
        _state = _state with { ReadySince = isReady ? _state.ReadySince ?? now : null };
    }

    private void Obey(VipDrainOrdered order)
    {
        _state = _state with
        {
            IsDrained = order.IsDrained,
            DrainReason = order.Reason,
            ConnectionTimeout = order.ConnectionTimeout,
        };
        if (_state.Phase == VipPhase.Connections && _state.Settings.HasListeners)
            _state = _state with { PhaseEndsAt = _state.PhaseSince + ConnectionTimeout, ClosingAt = ClosingAt };
    }

    private void GoUp()
    {
        if (_state.Phase != VipPhase.Serving)
            Undrain();
        if (!_state.WantsAddress)
            Order(new SetAddress(true));
        if (_state.Settings.HasListeners && !_state.WantsListener && _state.Facts.Address.IsProven)
            Order(new SetListener(true));
        if (_state.WantsListener && !_state.WantsSelfProbe && _state.Facts.Listener.IsProven)
            Order(new SetSelfProbe(true));

        if (_state.ReadySince is null)
            Withhold();
        else if (_state.Announcement != _state.Worth && !(now < _state.DampedUntil))
            Announce(_state.Worth, _state.Health.Reason);
    }

    // Not ready: what is announced goes at once. What may be announced from before goes when the fault is certain.
    private void Withhold()
    {
        var missing = _state.Missing;
        var isSick = _state.Health.Grade == HealthGrade.Bad || missing is null;
        var reason = isSick || missing!.Proof != Proof.Broken && !_state.Health.IsServing
            ? _state.Health.Reason
            : missing.Reason;
        if (_state.IsAnnounced)
        {
            Announce(Announcement.None, reason);
            _state = _state with { IsWithdrawnForFault = true };
        }
        else if (_state.Announcement == Announcement.Unknown
            && (_state.Health.Grade == HealthGrade.Bad || missing?.Proof == Proof.Broken))
            Announce(Announcement.None, reason);
    }

    private void Undrain()
    {
        if (_state.Phase == VipPhase.Connections && _state.Settings.HasListeners)
            _actions.Add(new CountConnections(null));
        // What is on its way down looks proven until it is there.
        if (_state.Phase is VipPhase.Listener or VipPhase.Address)
            Learn(_state.Facts with { Listener = VipFacts.NotSeen });
        if (_state.Phase == VipPhase.Address)
            Learn(_state.Facts with { Address = VipFacts.NotSeen });
        Enter(VipPhase.Serving, null);
        _state = _state with { IsWithdrawnForFault = false };
    }

    // Each round ends at most one phase and begins the next one, whose end may have come already.
    private void GoDown()
    {
        VipPhase phase;
        do
        {
            phase = _state.Phase;
            Descend();
        }
        while (_state.Phase != phase);
    }

    private void Descend()
    {
        switch (_state.Phase)
        {
            case VipPhase.Serving:
                BeginDrain();
                break;
            case VipPhase.Depreferring or VipPhase.Holding when _state.ReadySince is null:
                // A worse path is still a path: it leads nowhere now.
                Withdraw();
                break;
            case VipPhase.Depreferring when IsPhaseOver:
                Enter(VipPhase.Holding, now + Drain.HoldBeforeWithdraw);
                break;
            case VipPhase.Holding when IsPhaseOver:
                Withdraw();
                break;
            case VipPhase.Withdrawing when IsPhaseOver:
                WaitForConnections();
                break;
            case VipPhase.Connections:
                JudgeConnections();
                break;
            case VipPhase.Listener when IsPhaseOver || !_state.Facts.Listener.IsProven:
                Enter(VipPhase.Address, now + Drain.StepTimeout);
                Order(new SetAddress(false));
                break;
            case VipPhase.Address when IsPhaseOver || !_state.Facts.Address.IsProven:
                Enter(VipPhase.Drained, null);
                break;
        }
    }

    private void BeginDrain()
    {
        if (_state.IsAnnounced && _state.ReadySince is not null && Drain.Depreferences)
        {
            Enter(VipPhase.Depreferring, now + Drain.AcknowledgeTimeout);
            Announce(Announcement.Draining, DrainText());
        }
        else if (_state.Announcement == Announcement.None)
            WaitForConnections();
        else
            Withdraw();
    }

    private void Withdraw()
    {
        Enter(VipPhase.Withdrawing, now + Drain.AcknowledgeTimeout);
        Announce(Announcement.None, DrainText());
    }

    private void Delivered()
    {
        if (_state.Phase == VipPhase.Depreferring)
            Enter(VipPhase.Holding, now + Drain.HoldBeforeWithdraw);
        else if (_state.Phase == VipPhase.Withdrawing)
            WaitForConnections();
    }

    private void WaitForConnections()
    {
        // Another daemon's clients cannot be counted: they get the time after which a connection counts as stranded.
        if (!_state.Settings.HasListeners)
        {
            Enter(VipPhase.Connections, now + Drain.StrandedAfter);
            return;
        }
        Enter(VipPhase.Connections, now + ConnectionTimeout);
        _state = _state with { StrandedAt = MovedAt + Drain.StrandedAfter, ClosingAt = ClosingAt };
        _actions.Add(new CountConnections(MovedAt));
    }

    private void JudgeConnections()
    {
        if (_state.Count is { Fed: 0, Stranded: 0 } || IsPhaseOver)
            EndConnections();
        else if (Deadline.IsDue(_state.StrandedAt, now))
        {
            _actions.Add(new CloseConnections(MovedAt));
            _state = _state with { StrandedAt = null };
        }
        else if (Deadline.IsDue(_state.ClosingAt, now))
        {
            _actions.Add(new CloseConnections(null, ClosingWindow));
            _state = _state with { ClosingAt = null };
        }
    }

    private void EndConnections()
    {
        if (!_state.Settings.HasListeners)
        {
            Enter(VipPhase.Address, now + Drain.StepTimeout);
            Order(new SetAddress(false));
            return;
        }
        if (IsPhaseOver)
            _actions.Add(new CloseConnections(null));
        _actions.Add(new CountConnections(null));
        Enter(VipPhase.Listener, now + Drain.StepTimeout);
        Order(new SetSelfProbe(false));
        Order(new SetListener(false));
    }

    private void Enter(VipPhase phase, TimeSpan? endsAt) => _state = _state with
    {
        Phase = phase,
        PhaseSince = now,
        PhaseEndsAt = endsAt,
        StrandedAt = null,
        ClosingAt = null,
        Count = null,
    };

    private void Order(VipAction order)
    {
        _actions.Add(order);
        _state = order switch
        {
            SetAddress address => _state with { WantsAddress = address.Present },
            SetListener listener => _state with { WantsListener = listener.Open },
            SetSelfProbe probe => _state with { WantsSelfProbe = probe.Runs },
            _ => _state,
        };
        // What an earlier self-probe proved is over with it.
        if (order is SetSelfProbe)
            Learn(_state.Facts with { SelfProbe = VipFacts.NotSeen });
    }

    private void Announce(Announcement what, string reason)
    {
        // Whether a path goes with the first withdraw after a start is not known; damping must not hold back the start.
        var isTransition = what != Announcement.None || _state.IsAnnounced;
        _state = _state with
        {
            Announcement = what,
            LastTransition = isTransition ? now : _state.LastTransition,
            IsWithdrawnForFault = false,
        };
        _actions.Add(new SetAnnouncement(what, reason));
    }

    private string DrainText() => VipView.DrainText(_state.DrainReason);
}
