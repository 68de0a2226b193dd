using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// Judges every message that one end of a connection puts on the wire, at the moment when it does, and remembers the
/// routes in it.
/// </summary>
internal sealed class WireChecker
{
    private readonly PeerShell _shell;
    private readonly List<RouteChange> _log = [];
    private bool _openSent;
    private int _keepalives;
    private long _octets;

    public WireChecker(PeerShell shell)
    {
        _shell = shell;
        Sent = new PeerRib(_log);
        Arrived = new PeerRib(_log);
        Read = new PeerRib(_log);
    }

    /// <summary>What the peer has once it has read everything.</summary>
    public PeerRib Sent { get; }

    /// <summary>What the peer's kernel has got.</summary>
    public PeerRib Arrived { get; }

    /// <summary>What the peer's speaker has got.</summary>
    public PeerRib Read { get; }

    /// <summary>The NOTIFICATION after which nothing may come; null: none yet.</summary>
    public Notification? Notification { get; private set; }

    /// <summary>Counts changes of <see cref="Sent"/>.</summary>
    public int Updates => _log.Count;

    /// <summary>Takes whole messages.</summary>
    public void Take(ReadOnlySpan<byte> octets, bool isEstablished)
    {
        while (!octets.IsEmpty)
        {
            var status = Framer.Next(octets, MessageSize.Maximum, out var type, out var length, out _);
            if (status != FrameStatus.Message)
                throw new InvariantBroken(Invariant.BeyondReproach, $"{_shell.Name}: what is written is no message");
            if (Notification is not null)
            {
                throw new InvariantBroken(
                    Invariant.SilentAfterNotification, $"{_shell.Name}: {type} after {Describe(Notification)}");
            }
            _octets += length;
            Judge(type, octets[..length], isEstablished);
            octets = octets[length..];
        }
        Sent.AdvanceTo(_octets);
    }

    private void Judge(MessageType type, ReadOnlySpan<byte> message, bool isEstablished)
    {
        _shell.Trace.Add(_shell.Name, "sends", TypeName(type), message.Length);
        if (!_openSent && type is not (MessageType.Open or MessageType.Notification))
            throw Reproach($"{type} before OPEN");
        switch (type)
        {
            case MessageType.Open:
                if (_openSent || !OpenDecoder.TryDecode(message, out var open, out _))
                    throw Reproach("a second or malformed OPEN");
                _openSent = true;
                _shell.JudgeRestart(open.Capabilities.OfType<GracefulRestartCapability>().SingleOrDefault());
                break;
            case MessageType.KeepAlive:
                _keepalives++;
                // RFC 4271 section 4.4: with a hold time of zero "periodic KEEPALIVE messages MUST NOT be sent".
                if (isEstablished && _shell.Engine.Session!.HoldTime == TimeSpan.Zero && _keepalives > 1)
                    throw Reproach("a periodic KEEPALIVE with a hold time of zero");
                break;
            case MessageType.Notification:
                NotificationDecoder.TryDecode(message, out var notification);
                Notification = notification;
                _shell.NoteNotification(notification!);
                break;
            case MessageType.Update:
                JudgeUpdate(message, isEstablished);
                break;
        }
    }

    private void JudgeUpdate(ReadOnlySpan<byte> message, bool isEstablished)
    {
        if (!isEstablished)
            throw Reproach("UPDATE outside Established");
        var outcome = UpdateDecoder.Decode(message, _shell.StrictContext(), out var view);
        if (outcome.Severity != Severity.None)
            throw Reproach(outcome.Describe());
        if (outcome.EndOfRib is not null)
            _shell.JudgeEndOfRib();
        var change = RouteChange.From(view, _octets);
        if (change.Announced.Concat(change.Withdrawn).Any(p => !_shell.Engine.Session!.Families.Contains(p.Family)))
            throw Reproach("a route of a family that was not negotiated");
        foreach (var prefix in change.Announced)
            _shell.JudgeAnnouncement(prefix);
        _log.Add(change);
    }

    private InvariantBroken Reproach(string what) => new(Invariant.BeyondReproach, $"{_shell.Name}: {what}");

    public static string Describe(Notification? notification) => notification is null
        ? "nothing"
        : FormattableString.Invariant($"NOTIFICATION {(byte)notification.Code}/{notification.Subcode}");

    private static string TypeName(MessageType type) => type switch
    {
        MessageType.Open => "OPEN",
        MessageType.Update => "UPDATE",
        MessageType.Notification => "NOTIFICATION",
        MessageType.KeepAlive => "KEEPALIVE",
        _ => "ROUTE-REFRESH",
    };
}
