using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>The states of RFC 4271 section 8.2.2.</summary>
public enum BgpState
{
    /// <summary>Administratively down: neither dials nor accepts.</summary>
    Idle,

    /// <summary>A dial is under way.</summary>
    Connect,

    /// <summary>Waits for the peer to connect, or for the next dial (after a failure too).</summary>
    Active,

    /// <summary>Our OPEN is sent; theirs is awaited.</summary>
    OpenSent,

    /// <summary>Both OPENs are exchanged; a KEEPALIVE or NOTIFICATION is awaited.</summary>
    OpenConfirm,

    /// <summary>UPDATEs flow.</summary>
    Established,
}

/// <summary>
/// Names one TCP connection or dial of a peer, and is never used again: an event for an id that the machine has let go
/// is dropped. The machine counts its dials from 1 up; the shell counts accepted connections from −1 down.
/// </summary>
public readonly record struct ConnectionId(long Value);

/// <summary>Something that happened; RFC 4271 section 8.1 names it where it can.</summary>
public abstract record PeerEvent;

/// <summary>Event 1: the operator (or the start of the program) wants the session.</summary>
public sealed record ManualStart : PeerEvent;

/// <summary>Event 2: the operator takes the peer down: Cease/2 with RFC 9003 text; down until ManualStart.</summary>
/// <param name="Text">At most 255 octets of UTF-8; empty for none.</param>
public sealed record ManualStop(string Text) : PeerEvent;

/// <summary>The operator wants a fresh session: Cease/4 with RFC 9003 text, then a start without backoff.</summary>
/// <param name="Text">At most 255 octets of UTF-8; empty for none.</param>
public sealed record ManualReset(string Text) : PeerEvent;

/// <summary>
/// The peer was found at another address: what is left of a session with the old one ends with Cease/6 (RFC 4486), and
/// a dial starts without a wait.
/// </summary>
/// <param name="Reason">For people: "found at fe80::1 on eth1".</param>
public sealed record PeerMoved(string Reason) : PeerEvent;

/// <summary>Event 8: the program ends the session for a reason of its own; it is retried after a wait.</summary>
/// <param name="Reason">What the peer is told.</param>
public sealed record AutomaticStop(Notification Reason) : PeerEvent;

/// <summary>
/// BFD has nothing against the session: it is Up, or the peer holds it in AdminDown, which says nothing about the path
/// (RFC 5882 section 3.2).
/// </summary>
public sealed record BfdUp : PeerEvent;

/// <summary>The BFD session has left Up because the path failed: Cease/10 (RFC 9384).</summary>
/// <param name="Reason">For people: the diagnostic.</param>
public sealed record BfdDown(string Reason) : PeerEvent;

/// <summary>Events 9–13: at least one deadline of the state has come.</summary>
public sealed record TimersDue : PeerEvent;

/// <summary>Something that happened to one connection.</summary>
public abstract record ConnectionEvent(ConnectionId Connection) : PeerEvent;

/// <summary>Event 16: our dial was answered.</summary>
public sealed record Tcp_CR_Acked(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>Event 17: the peer connected to us. The id is the shell's, below zero.</summary>
public sealed record TcpConnectionConfirmed(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>Event 18: the dial failed, or the connection was closed or reset.</summary>
/// <param name="Connection">Which connection.</param>
/// <param name="Reason">For people: "connection refused".</param>
/// <param name="Failure">What <see cref="Suspicion"/> goes by.</param>
public sealed record TcpConnectionFails(
    ConnectionId Connection, string Reason, TcpFailure Failure = TcpFailure.Other) : ConnectionEvent(Connection);

/// <summary>Event 19: a well-formed OPEN.</summary>
public sealed record BgpOpen(ConnectionId Connection, OpenMessage Open) : ConnectionEvent(Connection);

/// <summary>Events 21, 22 and 28, and malformed ROUTE-REFRESH: what came earns a NOTIFICATION.</summary>
public sealed record MessageError(ConnectionId Connection, Notification Reason) : ConnectionEvent(Connection);

/// <summary>Events 24 and 25: a NOTIFICATION.</summary>
public sealed record NotifMsg(ConnectionId Connection, Notification Notification) : ConnectionEvent(Connection);

/// <summary>Event 26: a KEEPALIVE.</summary>
public sealed record KeepAliveMsg(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>Event 27: an UPDATE that leaves the session up.</summary>
public sealed record UpdateMsg(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>A ROUTE-REFRESH that leaves the session up (RFC 2918).</summary>
public sealed record RouteRefreshMsg(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>TCP took bytes of ours: restarts the SendHoldTimer (RFC 9687).</summary>
public sealed record BytesWritten(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>UPDATEs were put on the wire: restarts the KeepaliveTimer (RFC 4271 section 4.4).</summary>
public sealed record UpdateSent(ConnectionId Connection) : ConnectionEvent(Connection);

/// <summary>Something that the shell must do, in the order of the list.</summary>
public abstract record PeerAction;

/// <summary>Dial the peer; answered by <see cref="Tcp_CR_Acked"/> or <see cref="TcpConnectionFails"/>.</summary>
public sealed record Dial(ConnectionId Connection) : PeerAction;

/// <summary>Queue an OPEN.</summary>
public sealed record SendOpen(ConnectionId Connection, OpenMessage Open) : PeerAction;

/// <summary>Queue a KEEPALIVE.</summary>
public sealed record SendKeepalive(ConnectionId Connection) : PeerAction;

/// <summary>Queue a NOTIFICATION; nothing may be written on the connection after it.</summary>
public sealed record SendNotification(ConnectionId Connection, Notification Notification) : PeerAction;

/// <summary>
/// Close the connection, or give up the dial. What is queued is flushed first within a bound when
/// <paramref name="Flush"/> (a NOTIFICATION must reach the peer), else dropped. The machine has let the id go. Comes
/// exactly once for every dial and every connection, also after <see cref="TcpConnectionFails"/>.
/// </summary>
public sealed record CloseConnection(ConnectionId Connection, bool Flush) : PeerAction;

/// <summary>The session is Established: fill the Adj-RIB-Out.</summary>
public sealed record SessionUp(ConnectionId Connection, NegotiatedSession Session) : PeerAction;

/// <summary>The Established session is lost or ended: forget what was sent.</summary>
/// <param name="Connection">Which connection it was.</param>
/// <param name="Reason">For people, in one line.</param>
public sealed record SessionDown(ConnectionId Connection, string Reason) : PeerAction;

/// <summary>The peer's overall state changed: for views and logs.</summary>
/// <param name="From">The state before.</param>
/// <param name="To">The state now: that of the most advanced connection.</param>
/// <param name="Reason">What caused it, for people, in one line.</param>
public sealed record StateChanged(BgpState From, BgpState To, string Reason) : PeerAction;
