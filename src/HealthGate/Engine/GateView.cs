using System.Net;
using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>All that the gate knows at one moment, for its API. Times are since the shell's origin.</summary>
/// <param name="Now">The moment.</param>
/// <param name="Options">The configuration in force.</param>
/// <param name="ConfiguredAt">When it was put in force.</param>
/// <param name="Verdict">One sentence: "serving: 2 of 2 VIPs announced".</param>
/// <param name="Vips">In the order of the configuration, then those that are leaving.</param>
/// <param name="Backends">In the order of the configuration.</param>
/// <param name="Checks">Those of backends, those of VIPs, the self-probes.</param>
/// <param name="Drains">In force.</param>
/// <param name="DrainPersistError">Why the drains in force could not be saved; null: they are.</param>
/// <param name="Speaker">The connection to the speaker.</param>
/// <param name="Proxy">The connection to the proxy.</param>
/// <param name="Peers">How far the last declaration has come.</param>
/// <param name="Alarms">Troubles worth an alarm, each in one line.</param>
public sealed record GateView(
    TimeSpan Now,
    GateOptions Options,
    TimeSpan ConfiguredAt,
    string Verdict,
    IReadOnlyList<VipStanding> Vips,
    IReadOnlyList<BackendStanding> Backends,
    IReadOnlyList<CheckStanding> Checks,
    DrainSet Drains,
    string? DrainPersistError,
    LinkStanding Speaker,
    LinkStanding Proxy,
    IReadOnlyList<PeerDelivered> Peers,
    IReadOnlyList<string> Alarms);

/// <summary>How a VIP stands.</summary>
/// <param name="Options">Its configuration.</param>
/// <param name="State">Its machine.</param>
/// <param name="Ports">Each address with each port; with port 0 for an announce-only VIP.</param>
/// <param name="Prefixes">What is announced of it.</param>
/// <param name="Connections">What is known of the drain's connections; null: no drain waits for any.</param>
/// <param name="IsDelivered">The last announcement or withdraw is acknowledged by every Established peer.</param>
/// <param name="IsLeaving">A reload removed it: it goes once it is drained.</param>
/// <param name="Cause">The event that led to its status; 0: none is known.</param>
public sealed record VipStanding(
    VipOptions Options,
    VipGateState State,
    IReadOnlyList<PortStanding> Ports,
    IReadOnlyList<PrefixStanding> Prefixes,
    DrainConnectionsStanding? Connections,
    bool IsDelivered,
    bool IsLeaving,
    ulong Cause);

/// <summary>One address of a VIP with one of its ports.</summary>
/// <param name="Endpoint">Port 0 stands for an announce-only VIP.</param>
/// <param name="Pool">Where its connections go; empty for an announce-only VIP.</param>
/// <param name="Address">The address is on `lo`.</param>
/// <param name="IsForeign">Somebody else configured the address.</param>
/// <param name="Listener">The proxy accepts.</param>
/// <param name="SelfProbe">A connection through it reaches this node's proxy.</param>
public sealed record PortStanding(
    IPEndPoint Endpoint, string Pool, Finding Address, bool IsForeign, Finding Listener, Finding SelfProbe);

/// <summary>One prefix of a VIP.</summary>
/// <param name="Prefix">In CIDR form.</param>
/// <param name="What">What the speaker was asked for.</param>
/// <param name="IsRefused">The speaker does not announce it.</param>
/// <param name="Reason">Why it differs from the VIP's own wish, or why the speaker refuses it; may be empty.</param>
public sealed record PrefixStanding(string Prefix, Announcement What, bool IsRefused, string Reason);

/// <summary>A drain's connections.</summary>
/// <param name="IsExact">False while none was counted since the phase began: then zero means nothing.</param>
/// <param name="CountedAt">When.</param>
/// <param name="NewTotal">Accepted since the drain began.</param>
/// <param name="NewLastSecond">Accepted within the second before <paramref name="CountedAt"/>.</param>
/// <param name="Fed">Waited for.</param>
/// <param name="Stranded">Not waited for.</param>
/// <param name="ClosedFed">Closed at the time-out.</param>
/// <param name="ClosedStranded">Closed for being stranded.</param>
public sealed record DrainConnectionsStanding(
    bool IsExact,
    TimeSpan CountedAt,
    ulong NewTotal,
    ulong NewLastSecond,
    int Fed,
    int Stranded,
    ulong ClosedFed,
    ulong ClosedStranded);

/// <summary>How a backend stands.</summary>
/// <param name="Pool">Its pool.</param>
/// <param name="Options">Its configuration.</param>
/// <param name="State">Its machine.</param>
/// <param name="Generation">As the proxy knows it.</param>
/// <param name="Report">What the proxy last said of it; null: nothing.</param>
/// <param name="DrainedSince">When the drain in force began, or this gate after it; null: it is not drained.</param>
/// <param name="ConnectionsEndAt">When the connections that are left are closed; null: never.</param>
/// <param name="DrainConnections">What is left; null: it is not drained, or the proxy does not know yet.</param>
/// <param name="Cause">The event that led to its state; 0: none is known.</param>
public sealed record BackendStanding(
    string Pool,
    BackendOptions Options,
    BackendHealthState State,
    ulong Generation,
    BackendReported? Report,
    TimeSpan? DrainedSince,
    TimeSpan? ConnectionsEndAt,
    DrainConnectionsStanding? DrainConnections,
    ulong Cause);

/// <summary>How a check stands.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Kind">What it asks.</param>
/// <param name="Settings">When it runs.</param>
/// <param name="State">Its last report; null: none has come yet.</param>
public sealed record CheckStanding(CheckId Id, CheckKind Kind, CheckSettings Settings, RiseFallState? State);

/// <summary>The connection to another process.</summary>
/// <param name="IsConnected">A stream is open.</param>
/// <param name="Since">When that last changed.</param>
/// <param name="Reason">Why not; empty when it is.</param>
public sealed record LinkStanding(bool IsConnected, TimeSpan Since, string Reason);
