using AnycastVip.BgpSpeaker.Timing;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>A NOTIFICATION and when it was sent or received.</summary>
public sealed record NotificationRecord(Notification Notification, TimeSpan At);

/// <summary>
/// Everything about one peer between two events. Times are since the shell's origin, timers are deadlines.
/// </summary>
/// <remarks>
/// While the peer is administratively up, not passive, not held by BFD and not Established, exactly one of
/// <see cref="Dialing"/>, <see cref="Outgoing"/> and a waiting <see cref="ConnectRetryTimer"/> is there: never two
/// dials, never none.
/// </remarks>
public sealed record PeerState
{
    /// <summary>What we know about the peer.</summary>
    public required PeerSettings Settings { get; init; }

    /// <summary>For the retry waits, and split for each connection.</summary>
    public required JitterSource Jitter { get; init; }

    /// <summary>True between <see cref="ManualStart"/> and <see cref="ManualStop"/>.</summary>
    public bool AdminUp { get; init; }

    /// <summary>
    /// With <see cref="PeerSettings.BfdStrict"/>: BFD has not been Up yet, or not since it failed. No connection is
    /// dialled or taken.
    /// </summary>
    public bool IsHeldByBfd { get; init; }

    /// <summary>The dial under way; null: none.</summary>
    public ConnectionId? Dialing { get; init; }

    /// <summary>The connection that we dialled, once TCP is up.</summary>
    public ConnectionState? Outgoing { get; init; }

    /// <summary>The connection that the peer dialled.</summary>
    public ConnectionState? Incoming { get; init; }

    /// <summary>While <see cref="Dialing"/>, when the dial is given up; else when the next one starts.</summary>
    public TimeSpan? ConnectRetryTimer { get; init; }

    /// <summary>The next wait after a failure, before jitter.</summary>
    public required TimeSpan RetryWait { get; init; }

    /// <summary>Until when the peer's connections are refused, after a stop of ours; null: they are not.</summary>
    public TimeSpan? RefusesUntil { get; init; }

    /// <summary>How many dials there were; the last one's id.</summary>
    public long Dials { get; init; }

    /// <summary>When the current <see cref="BgpState"/> was entered.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>What last ended the last connection or keeps the peer down, in one line; empty: nothing yet.</summary>
    public string DownReason { get; init; } = "";

    /// <summary>How that came, since the last session was Established; null: nothing has ended since.</summary>
    public ConnectionEnd? LastEnd { get; init; }

    /// <summary>
    /// The last end since then by a Cease of the peer that does not pass by itself: routers that have said it often
    /// close what follows without a word.
    /// </summary>
    public ConnectionEnd? LastRefusal { get; init; }

    /// <summary>How many Established sessions ended, whatever the cause.</summary>
    public long Flaps { get; init; }

    /// <summary>The last NOTIFICATION that we sent on any connection of this peer.</summary>
    public NotificationRecord? LastSent { get; init; }

    /// <summary>The last NOTIFICATION that the peer sent.</summary>
    public NotificationRecord? LastReceived { get; init; }

    /// <summary>The session, if it is Established: its connection and what both sides agreed on.</summary>
    public Established? Established => Outgoing as Established ?? Incoming as Established;

    /// <summary>When the next dial starts; null: none is waited for.</summary>
    public TimeSpan? NextRetryAt => Dialing is null ? ConnectRetryTimer : null;

    /// <summary>The state of the most advanced connection.</summary>
    public BgpState BgpState
    {
        get
        {
            if (!AdminUp)
                return BgpState.Idle;
            var outgoing = Outgoing?.BgpState ?? (Dialing is null ? BgpState.Active : BgpState.Connect);
            var incoming = Incoming?.BgpState ?? BgpState.Idle;
            return outgoing > incoming ? outgoing : incoming;
        }
    }
}
