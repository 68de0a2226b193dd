using System.Net;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>What happens to the gate. What it names and does not exist (any more) changes nothing.</summary>
public abstract record GateInput;

/// <summary>A deadline may be reached.</summary>
public sealed record GateTimersDue : GateInput;

/// <summary>
/// The configuration was read again, and is in order. What did not change is not touched. VIPs that are gone, or lost
/// an address or a prefix, are drained as an operator would.
/// </summary>
/// <param name="Options">All of it.</param>
public sealed record Reconfigured(GateOptions Options) : GateInput;

/// <summary>The drains in force have changed, or could be saved or not.</summary>
/// <param name="Drains">All of them.</param>
/// <param name="PersistError">Why the file does not have them; null: it does.</param>
/// <param name="TakenBackBy">Who took back the orders that are gone.</param>
public sealed record DrainsChanged(DrainSet Drains, string? PersistError, string TakenBackBy = "") : GateInput;

/// <summary>
/// The process is to end: every VIP is drained, within <see cref="GateOptions.StopTimeout"/>. Not an order that
/// survives. Over when the engine says that it is stopped.
/// </summary>
public sealed record StopRequested : GateInput;

/// <summary>A check has a result or another verdict: from the scheduler of checks, self-probes included.</summary>
/// <param name="Id">Of <see cref="StartCheck"/>.</param>
/// <param name="State">
/// How it stands, in times since the engine's own origin: one from before <see cref="StartCheck"/> is dropped.
/// </param>
public sealed record CheckChanged(CheckId Id, RiseFallState State) : GateInput;

/// <summary>Answers <see cref="VerifyBackend"/>.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend.</param>
/// <param name="Generation">Of the order.</param>
/// <param name="IsRefused">It refused a connection just now.</param>
public sealed record BackendVerified(string Pool, string Backend, ulong Generation, bool IsRefused) : GateInput;

/// <summary>
/// Answers <see cref="EnsureAddresses"/>, and comes by itself when somebody else touched one of the wanted addresses.
/// </summary>
/// <param name="Revision">The last order that was carried out before this was seen.</param>
/// <param name="Statuses">Of all wanted addresses.</param>
/// <param name="Fault">Why nothing is known; null: something is.</param>
public sealed record AddressesSeen(
    ulong Revision, IReadOnlyCollection<AddressStatus> Statuses, string? Fault = null) : GateInput;

/// <summary>The proxy has accepted the control stream.</summary>
/// <param name="KeptRevision">Of the table that it kept from an earlier gate; 0: it has none.</param>
public sealed record ProxyConnected(ulong KeptRevision) : GateInput;

/// <summary>
/// The control stream broke, could not be opened, or was silent for too long. Repeated attempts repeat it.
/// </summary>
/// <param name="Reason">One line.</param>
public sealed record ProxyLost(string Reason) : GateInput;

/// <summary>
/// The proxy has handed over to a successor, which holds its listeners and its table. What comes next is
/// <see cref="ProxyConnected"/>, or <see cref="ProxyLost"/> when the successor does not answer.
/// </summary>
public sealed record ProxyHandedOver : GateInput;

/// <summary>The proxy answers <see cref="SendTable"/>.</summary>
/// <param name="Revision">Of the order.</param>
/// <param name="Refused">Parts that are not in force, "listener 203.0.113.50:80: port taken …".</param>
/// <param name="IsRefusedWhole">Nothing of the table is in force.</param>
public sealed record TableApplied(ulong Revision, IReadOnlyList<string> Refused, bool IsRefusedWhole) : GateInput;

/// <summary>All listeners of the proxy; about once a second and after every change.</summary>
/// <param name="Listeners">As they stand.</param>
public sealed record ListenersReported(IReadOnlyList<ProxyListener> Listeners) : GateInput;

/// <summary>A listener of the proxy.</summary>
/// <param name="Endpoint">Where.</param>
/// <param name="IsOpen">It accepts, or is only kept from it by a limit.</param>
/// <param name="Reason">Why not, or by which limit; may be empty.</param>
/// <param name="Accepted">Connections since it was opened, self-probes left out.</param>
public sealed record ProxyListener(IPEndPoint Endpoint, bool IsOpen, string Reason, ulong Accepted);

/// <summary>The proxy failed to connect to a backend, or lost it before an octet came back.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend.</param>
/// <param name="Generation">Under which the attempt was begun.</param>
/// <param name="What">What it saw.</param>
public sealed record ConnectFailed(string Pool, string Backend, ulong Generation, Observation What) : GateInput;

/// <summary>What the proxy saw of a backend in the last second; for views.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend.</param>
/// <param name="Connections">Open now.</param>
/// <param name="ConnectLatencyP50">From SYN to established; null: none was opened.</param>
/// <param name="ConnectLatencyP99">The same.</param>
public sealed record BackendReported(
    string Pool, string Backend, int Connections, TimeSpan? ConnectLatencyP50, TimeSpan? ConnectLatencyP99) : GateInput;

/// <summary>Answers <see cref="CountVipConnections"/>.</summary>
/// <param name="RequestId">Of the order.</param>
/// <param name="At">When the count was taken.</param>
/// <param name="Fed">Their clients sent something since the order's time.</param>
/// <param name="Stranded">Theirs did not.</param>
/// <param name="Accepted">Accepted since the proxy started.</param>
public sealed record ConnectionsCountedByProxy(
    ulong RequestId, TimeSpan At, int Fed, int Stranded, ulong Accepted) : GateInput;

/// <summary>Answers <see cref="CloseVipConnections"/>.</summary>
/// <param name="RequestId">Of the order.</param>
/// <param name="Closed">How many there were.</param>
public sealed record ConnectionsClosedByProxy(ulong RequestId, int Closed) : GateInput;

/// <summary>The speaker has accepted the announcing stream.</summary>
/// <param name="TookOver">It still holds what an earlier gate announced.</param>
public sealed record SpeakerConnected(bool TookOver) : GateInput;

/// <summary>The announcing stream broke or could not be opened. Repeated attempts repeat it.</summary>
/// <param name="Reason">One line.</param>
public sealed record SpeakerLost(string Reason) : GateInput;

/// <summary>The speaker answers <see cref="Declare"/>.</summary>
/// <param name="Revision">Of the order.</param>
/// <param name="Refused">Prefixes that will not be announced, with why.</param>
public sealed record DeclarationJudged(ulong Revision, IReadOnlyList<RefusedPrefix> Refused) : GateInput;

/// <summary>A prefix that the speaker refuses.</summary>
/// <param name="Prefix">As it was declared.</param>
/// <param name="Text">What and the remedy, in one line.</param>
public sealed record RefusedPrefix(string Prefix, string Text);

/// <summary>How far a declaration has come at each peer; after every change.</summary>
/// <param name="Revision">Of the order.</param>
/// <param name="Peers">All peers.</param>
public sealed record DeliveryReported(ulong Revision, IReadOnlyList<PeerDelivered> Peers) : GateInput;

/// <summary>What one peer has of a declaration.</summary>
/// <param name="Peer">Its name.</param>
/// <param name="IsEstablished">Without a session it has nothing of ours, and nothing is waited for.</param>
/// <param name="WrittenAt">When the kernel took the last octet, by the wall clock; null: not yet.</param>
/// <param name="AcknowledgedAt">When the peer's TCP had all of them, by the wall clock; null: not yet.</param>
public sealed record PeerDelivered(
    string Peer, bool IsEstablished, DateTimeOffset? WrittenAt, DateTimeOffset? AcknowledgedAt);
