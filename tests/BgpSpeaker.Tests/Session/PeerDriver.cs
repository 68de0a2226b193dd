using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Session;

/// <summary>A peer machine in virtual time, with the handful of steps that most tests begin with.</summary>
internal sealed class PeerDriver(PeerSettings settings, ulong seed = 1)
{
    private int _accepted;

    public PeerState State { get; set; } = PeerFsm.Initial(settings, seed, TimeSpan.Zero);

    public TimeSpan Now { get; set; }

    /// <summary>The id of the last dial.</summary>
    public ConnectionId LastDial => new(State.Dials);

    public PeerDriver() : this(Settings)
    {
    }

    public ValueList<PeerAction> Take(PeerEvent happened)
    {
        (State, var actions) = PeerFsm.Next(State, happened, Now);
        return actions;
    }

    /// <summary>Lets time pass to the next deadline and tells the machine.</summary>
    public ValueList<PeerAction> TakeDeadline()
    {
        Now = Assert.NotNull(PeerFsm.NextDeadline(State));
        return Take(new TimersDue());
    }

    public ConnectionId NewIncoming() => new(-++_accepted);

    /// <summary>The peer connects to us; OPEN is sent.</summary>
    public ConnectionId Accept()
    {
        var id = NewIncoming();
        Take(new TcpConnectionConfirmed(id));
        return id;
    }

    /// <summary>Our dial under way is answered; OPEN is sent.</summary>
    public ConnectionId Connect()
    {
        var id = Assert.NotNull(State.Dialing);
        Take(new Tcp_CR_Acked(id));
        return id;
    }

    public PeerDriver Started()
    {
        Take(new ManualStart());
        return this;
    }

    /// <summary>Both OPENs and KEEPALIVEs on one connection.</summary>
    public ConnectionId Establish(ConnectionId id)
    {
        Take(new BgpOpen(id, PeerOpen()));
        Take(new KeepAliveMsg(id));
        Assert.Equal(id, State.Established?.Connection);
        return id;
    }
}
