using System.Net;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>What the gate wants done, in this order.</summary>
public abstract record GateAction;

/// <summary>Names a check of something.</summary>
/// <param name="Subject">"backend web/s1", "vip web", "vip web 203.0.113.50:80".</param>
/// <param name="Check">The check's name in the configuration; <see cref="SelfProbe"/> for the gate's own.</param>
public sealed record CheckId(string Subject, string Check)
{
    /// <summary>The name of the probe through a VIP's own address, bound to `lo`.</summary>
    public const string SelfProbe = "self-probe";

    /// <inheritdoc/>
    public override string ToString() => $"{Subject} {Check}";
}

/// <summary>Start a check; one of the same id is replaced, and known no longer.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">What it asks.</param>
/// <param name="Target">Where; null for a program.</param>
/// <param name="OnLoopback">Bound to `lo`, so that only this node can answer.</param>
/// <param name="Settings">When it runs and how results count.</param>
public sealed record StartCheck(
    CheckId Id, CheckKind Kind, IPEndPoint? Target, bool OnLoopback, CheckSettings Settings) : GateAction
{
    /// <summary>The header that the target expects; the check says by it that it speaks for itself.</summary>
    public ProxyProtocol ProxyProtocol { get; init; }
}

/// <summary>End a check.</summary>
public sealed record StopCheck(CheckId Id) : GateAction;

/// <summary>Pass on <see cref="TargetFailed"/> or <see cref="ProbeSooner"/>.</summary>
public sealed record TellCheck(CheckId Id, CheckInput Input) : GateAction;

/// <summary>Connect to a backend at once, and answer with <see cref="BackendVerified"/>.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Backend">The backend.</param>
/// <param name="Endpoint">Where.</param>
/// <param name="Generation">For the answer.</param>
public sealed record VerifyBackend(string Pool, string Backend, IPEndPoint Endpoint, ulong Generation) : GateAction;

/// <summary>
/// Make `lo` hold exactly these addresses of ours, and answer with <see cref="AddressesSeen"/>.
/// </summary>
public sealed record EnsureAddresses(ulong Revision, IReadOnlyList<IPAddress> Addresses) : GateAction;

/// <summary>The proxy's whole table. Only while the proxy is connected.</summary>
public sealed record SendTable(
    ulong Revision,
    IReadOnlyList<TableListener> Listeners,
    IReadOnlyList<TablePool> Pools,
    int MaxConnections) : GateAction;

/// <summary>A listener that the proxy shall open.</summary>
public sealed record TableListener(string Vip, IPAddress Address, ListenerOptions Options);

/// <summary>A pool as the proxy shall use it.</summary>
public sealed record TablePool(PoolOptions Options, IReadOnlyList<TableBackend> Backends);

/// <summary>A backend as the proxy shall use it.</summary>
/// <param name="Options">The configuration's.</param>
/// <param name="Directive">
/// <see cref="BackendState.Up"/>, <see cref="BackendState.Drain"/> or <see cref="BackendState.Down"/>.
/// </param>
/// <param name="Generation">Grows each time it is taken up, over restarts of the gate too.</param>
public sealed record TableBackend(BackendOptions Options, BackendState Directive, ulong Generation);

/// <summary>Count connections of a VIP or of a backend, and answer with <see cref="ConnectionsCountedByProxy"/>.
/// </summary>
/// <param name="RequestId">For the answer.</param>
/// <param name="Selector">Which.</param>
/// <param name="StrandedSince">Those without a packet from their client since then are stranded; null: none is.
/// </param>
public sealed record CountVipConnections(
    ulong RequestId, ConnectionSelector Selector, TimeSpan? StrandedSince) : GateAction;

/// <summary>Close connections, and answer with <see cref="ConnectionsClosedByProxy"/>.</summary>
/// <param name="RequestId">For the answer.</param>
/// <param name="Selector">Which.</param>
/// <param name="StrandedSince">Only those without a packet from their client since then; null: all.</param>
/// <param name="Window">How gently.</param>
public sealed record CloseVipConnections(
    ulong RequestId, ConnectionSelector Selector, TimeSpan? StrandedSince, ClosingWindow Window = default)
    : GateAction;

/// <summary>Connections of a VIP, or to a backend: empty fields select everything.</summary>
public sealed record ConnectionSelector(string Vip, string Pool, string Backend);

/// <summary>The whole set that the speaker shall announce. Only while the speaker is connected.</summary>
public sealed record Declare(ulong Revision, IReadOnlyList<Declaration> Declarations) : GateAction;

/// <summary>What is wanted for one VIP, or for one prefix that several VIPs share.</summary>
/// <param name="Name">The VIP, or the shared prefix.</param>
/// <param name="What">
/// <see cref="Announcement.Unknown"/> holds what the speaker has, <see cref="Announcement.None"/> withdraws at once.
/// </param>
/// <param name="Reason">One line for every view.</param>
/// <param name="Prefixes">In CIDR form.</param>
/// <param name="Route">With what it is announced.</param>
public sealed record Declaration(
    string Name, Announcement What, string Reason, IReadOnlyList<string> Prefixes, RouteOptions Route);

/// <summary>Something happened that people want to know of.</summary>
public sealed record Record(GateEvent Event) : GateAction;

/// <summary>How bad an event is.</summary>
public enum Severity
{
    /// <summary>As it should be.</summary>
    Info,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Error,
}

/// <summary>What an event is about.</summary>
public enum EventKind
{
    /// <summary>A process of the node started, stopped, was lost or came back.</summary>
    Process,

    /// <summary>A reload.</summary>
    Configuration,

    /// <summary>A check changed its verdict.</summary>
    Check,

    /// <summary>The proxy saw a backend fail.</summary>
    Observation,

    /// <summary>A backend changed its state.</summary>
    Backend,

    /// <summary>A VIP changed its status.</summary>
    Vip,

    /// <summary>An address on `lo` came, went or was found.</summary>
    Address,

    /// <summary>A listener opened, failed or closed.</summary>
    Listener,

    /// <summary>An order of an operator.</summary>
    Drain,

    /// <summary>Announced, withdrawn, refused, or acknowledged by the peers.</summary>
    Announcement,

    /// <summary>Something of the node's surroundings: disk, clock, descriptors.</summary>
    Fault,
}

/// <summary>An event and what it followed from.</summary>
/// <param name="Id">From 1, growing by one; a later gate goes on counting.</param>
/// <param name="At">Since the shell's origin.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Kind">What about.</param>
/// <param name="Subject">"vip web", "backend web/s1", "node".</param>
/// <param name="Text">One line.</param>
/// <param name="CauseId">The event that led to this one; 0: a first cause.</param>
public sealed record GateEvent(
    ulong Id, TimeSpan At, Severity Severity, EventKind Kind, string Subject, string Text, ulong CauseId);
