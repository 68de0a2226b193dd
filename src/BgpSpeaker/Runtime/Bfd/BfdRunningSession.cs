using System.Text;
using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>One session with its socket and its counters. Belongs to the BFD thread.</summary>
internal sealed class BfdRunningSession : IDisposable
{
    // An address or an interface may come back any time: looking is cheap.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Action<BfdReport> _tell;
    private readonly byte[]? _interface;
    private BfdTransmitter? _transmitter;
    private BfdSession _session;
    private BfdLateness _lateness;
    private long _sent;
    private long _received;
    private long _discarded;
    private long _downs;
    private TimeSpan _nextLook;

    /// <param name="target">What it is told.</param>
    /// <param name="localDiscr">From the demultiplexer.</param>
    /// <param name="seed">For jitter.</param>
    /// <param name="tell">Hears what matters to whoever relies on the session; on the BFD thread.</param>
    /// <param name="now">The clock.</param>
    public BfdRunningSession(
        BfdTarget target, uint localDiscr, ulong seed, Action<BfdReport> tell, TimeSpan now)
    {
        Name = target.Name;
        Path = target.Path;
        _tell = tell;
        _interface = target.Interface is { } name ? Encoding.UTF8.GetBytes(name + '\0') : null;
        _session = BfdFsm.Initial(target.Settings, localDiscr, seed, now);
        _nextLook = now;
    }

    /// <summary>The peer's name.</summary>
    public string Name { get; }

    /// <summary>Where the packets run now.</summary>
    public BfdPath Path { get; private set; }

    /// <summary>Our name for the session.</summary>
    public uint LocalDiscr => _session.LocalDiscr;

    /// <summary>It is gone once the remote system has had time to hear AdminDown.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Nothing is left to do for a session that leaves.</summary>
    public bool HasLeft(TimeSpan now) => IsLeaving && now >= _session.AdminDownUntil;

    /// <summary>When something is to be done next.</summary>
    public TimeSpan NextDeadline
    {
        get
        {
            var next = _session.NextDeadline ?? TimeSpan.MaxValue;
            if (NeedsLook && _nextLook < next)
                next = _nextLook;
            return IsLeaving && _session.AdminDownUntil is { } until && until < next ? until : next;
        }
    }

    /// <summary>The remote system has been silent for too long, unless packets wait to be read.</summary>
    public bool IsOverdue(TimeSpan now) => now >= _session.DetectionTimer;

    /// <summary>A new session takes its place: of the same name, or on a path that it is leaving anyway.</summary>
    public bool MakesRoomFor(BfdTarget target) =>
        Name == target.Name
        || (IsLeaving && Path.Remote.Equals(target.Path.Remote) && Path.IsMultihop == target.Path.IsMultihop);

    /// <summary>Its packets come to this socket.</summary>
    public bool IsOn(BfdReceiver receiver) =>
        Path.IsMultihop == receiver.IsMultihop && Path.Remote.AddressFamily == receiver.Family;

    private bool NeedsLook => _interface is not null || _transmitter is null;

    /// <summary>Finds the interface and opens the socket, where that is due; true when the path has changed.</summary>
    public bool Look(TimeSpan now)
    {
        if (!NeedsLook || now < _nextLook)
            return false;
        _nextLook = now + LookInterval;
        var index = _interface is null ? Path.Interface : BfdKernel.InterfaceIndex(_interface);
        // Zero stands for any interface, and this one must not match packets of another.
        var found = _interface is not null && index == 0 ? -1 : index;
        var isMoved = found != Path.Interface;
        if (isMoved)
        {
            Path = Path with { Interface = found };
            _transmitter?.Dispose();
            _transmitter = null;
        }
        _transmitter ??= BfdTransmitter.TryOpen(Path, LocalDiscr);
        return isMoved;
    }

    /// <summary>Takes a packet that the demultiplexer found this session for.</summary>
    public void Receive(in BfdPacket packet, TimeSpan arrival)
    {
        _received++;
        Take(BfdEvent.Received(packet), arrival);
    }

    /// <summary>Counts a packet that was for this session and is not taken.</summary>
    public void CountDiscarded() => _discarded++;

    /// <summary>Judges the timers; the socket is empty.</summary>
    /// <param name="now">From before it was found empty.</param>
    /// <param name="sentAt">When what is sent now is sent.</param>
    public void Judge(TimeSpan now, TimeSpan sentAt)
    {
        if (!(now >= _session.NextDeadline))
            return;
        if (_session.TransmitTimer is { } due && now >= due)
            _lateness = _lateness.Add(sentAt - due, _session.TransmitInterval);
        Take(BfdEvent.TimersDue, now);
    }

    /// <summary>Takes an event.</summary>
    public void Take(in BfdEvent happened, TimeSpan now)
    {
        var remote = _session.RemoteSessionState;
        (_session, var actions) = BfdFsm.Next(_session, happened, now);
        if (actions.Send is { } packet)
            Send(packet);
        if (actions.Changed is { From: BfdState.Up })
            _downs++;
        if (actions.Changed is not null || remote != _session.RemoteSessionState)
            _tell(new BfdReport(actions.Changed, _session.SessionState, _session.RemoteSessionState));
    }

    /// <summary>The session as it is now.</summary>
    public BfdStatus Status() => new()
    {
        Session = _session,
        IsMultihop = Path.IsMultihop,
        PacketsSent = _sent,
        PacketsReceived = _received,
        PacketsDiscarded = _discarded,
        Downs = _downs,
        Lateness = _lateness,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _transmitter?.Dispose();
        _transmitter = null;
    }

    private void Send(in BfdPacket packet)
    {
        Span<byte> octets = stackalloc byte[BfdPacketCodec.Length];
        _ = BfdPacketCodec.Encode(octets, packet);
        if (_transmitter?.Send(octets) ?? false)
            _sent++;
    }
}
