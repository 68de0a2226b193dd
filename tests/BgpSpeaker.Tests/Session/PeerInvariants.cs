using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>Runs a peer machine and checks after each event what must hold whatever happens.</summary>
internal sealed class PeerInvariants(PeerSettings settings, ulong seed)
{
    private readonly HashSet<ConnectionId> _live = [];
    private readonly HashSet<ConnectionId> _notified = [];
    private readonly HashSet<ConnectionId> _gone = [];
    private ConnectionId? _up;

    public PeerState State { get; private set; } = PeerFsm.Initial(settings, seed, TimeSpan.Zero);

    public TimeSpan Now { get; set; }

    public IReadOnlySet<ConnectionId> Live => _live;

    public IReadOnlySet<ConnectionId> Gone => _gone;

    /// <summary>Takes the event, unless the shell's promise never to use an id again forbids it.</summary>
    public void Take(PeerEvent happened)
    {
        if (happened is TcpConnectionConfirmed accepted)
        {
            if (_gone.Contains(accepted.Connection))
                return;
            _live.Add(accepted.Connection);
        }
        var before = State;
        var isStale = happened is ConnectionEvent on && !_live.Contains(on.Connection);

        (State, var actions) = PeerFsm.Next(before, happened, Now);

        if (isStale)
        {
            Assert.Same(before, State);
            Assert.Empty(actions);
        }
        foreach (var action in actions)
            Check(action);
        CheckState(before, actions);
        if (happened is TimersDue)
            Assert.True(!(PeerFsm.NextDeadline(State) <= Now), "a deadline is still due: the shell would spin");
    }

    private void Check(PeerAction action)
    {
        if (action is Dial { Connection: var dial })
            Assert.True(_live.Add(dial) && !_gone.Contains(dial), "an id was dialled twice");
        if (ConnectionOf(action) is not { } id)
            return;
        Assert.DoesNotContain(id, _gone);
        Assert.Contains(id, _live);
        if (_notified.Contains(id))
            Assert.Equal(new CloseConnection(id, Flush: true), action);
        switch (action)
        {
            case SendNotification:
                _notified.Add(id);
                break;
            case CloseConnection:
                Assert.NotEqual(_up, id);
                _live.Remove(id);
                _gone.Add(id);
                break;
            case SessionUp:
                Assert.Null(_up);
                _up = id;
                break;
            case SessionDown:
                Assert.Equal(_up, id);
                _up = null;
                break;
        }
    }

    private void CheckState(PeerState before, ValueList<PeerAction> actions)
    {
        Assert.Equal(_up, State.Established?.Connection);
        Assert.False(State is { Outgoing: Established, Incoming: Established }, "two sessions");
        var held = new[] { State.Dialing, State.Outgoing?.Connection, State.Incoming?.Connection };
        Assert.Equal(_live.Order(ById), held.OfType<ConnectionId>().Order(ById));

        object?[] parts = [State.Dialing, State.Outgoing, State.NextRetryAt];
        var dialling = parts.Count(part => part is not null);
        var mustDial = State.AdminUp && !settings.Passive && !State.IsHeldByBfd && State.Established is null;
        if (mustDial)
            Assert.Equal(1, dialling);
        else
            Assert.True(State.Dialing is null && State.ConnectRetryTimer is null, "dials without need");

        Assert.True(!State.IsHeldByBfd || held.All(id => id is null), "a connection although BFD holds the peer");

        var changes = actions.OfType<StateChanged>().ToArray();
        Assert.Equal(before.BgpState == State.BgpState ? 0 : 1, changes.Length);
        foreach (var change in changes)
        {
            Assert.Equal((before.BgpState, State.BgpState), (change.From, change.To));
            Assert.NotEmpty(change.Reason);
        }
    }

    private static Comparer<ConnectionId> ById => Comparer<ConnectionId>.Create((a, b) => a.Value.CompareTo(b.Value));

    private static ConnectionId? ConnectionOf(PeerAction action) => action switch
    {
        Dial a => a.Connection,
        SendOpen a => a.Connection,
        SendKeepalive a => a.Connection,
        SendNotification a => a.Connection,
        CloseConnection a => a.Connection,
        SessionUp a => a.Connection,
        SessionDown a => a.Connection,
        StateChanged => null,
        _ => throw new InvalidOperationException($"{action} is not known here"),
    };
}
