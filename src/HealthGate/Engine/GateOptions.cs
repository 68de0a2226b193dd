using System.Net;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>Everything that the gate is told, already checked by whoever read the configuration.</summary>
public sealed record GateOptions
{
    /// <summary>The node's name, for views.</summary>
    public required string NodeName { get; init; }

    /// <summary>Where the node stands, for views; empty when the configuration does not say.</summary>
    public string Site { get; init; } = "";

    /// <summary>The checks by unique name; pools and VIPs refer to them.</summary>
    public IReadOnlyList<CheckOptions> Checks { get; init; } = [];

    /// <summary>The pools by unique name.</summary>
    public IReadOnlyList<PoolOptions> Pools { get; init; } = [];

    /// <summary>The VIPs by unique name; no two have an address in common.</summary>
    public IReadOnlyList<VipOptions> Vips { get; init; } = [];

    /// <summary>How long the speaker holds what a dead gate announced, 1–60 s.</summary>
    public TimeSpan LeaseTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the speaker hears of the gate, at most half of <see cref="LeaseTtl"/>.</summary>
    public TimeSpan LeaseHeartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections that the proxy holds at once; 0: as many as its descriptors allow.</summary>
    public int MaxConnections { get; init; }

    /// <summary>
    /// How long the drain that a stop begins may take, all its steps together: connections get what the other steps
    /// leave. Shorter than the service manager's time-out for a stop.
    /// </summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>A check as pools and VIPs refer to it.</summary>
/// <param name="Name">Unique among the checks.</param>
/// <param name="Kind">What it asks.</param>
/// <param name="Settings">When it runs and how results count; valid ones.</param>
public sealed record CheckOptions(string Name, CheckKind Kind, CheckSettings Settings);

/// <summary>What a check asks.</summary>
public abstract record CheckKind
{
    private CheckKind()
    {
    }

    /// <summary>Opens a TCP connection.</summary>
    /// <param name="Port">Instead of the backend's port; required for a check of a VIP. Null: the backend's.</param>
    public sealed record Tcp(int? Port = null) : CheckKind;

    /// <summary>Sends GET and judges the status.</summary>
    /// <param name="Path">Begins with a slash.</param>
    /// <param name="Host">The Host field; null: the target's address and port.</param>
    /// <param name="ExpectedStatus">"200-299" or "204", comma-separated, at least one.</param>
    /// <param name="Port">As of <see cref="Tcp"/>.</param>
    public sealed record Http(string Path, string? Host, string ExpectedStatus, int? Port = null) : CheckKind;

    /// <summary>Runs a program.</summary>
    /// <param name="File">An absolute path.</param>
    /// <param name="Arguments">As the program gets them, separated by a zero character so that equal is equal.</param>
    public sealed record Exec(string File, string Arguments) : CheckKind;
}

/// <summary>How a pool shares connections out.</summary>
public enum Balance
{
    /// <summary>In turn, by weight.</summary>
    RoundRobin,

    /// <summary>To the one with the fewest connections for its weight.</summary>
    LeastConnections,

    /// <summary>To the one that answers soonest, counting its connections and its weight.</summary>
    LeastResponseTime,

    /// <summary>To the one of two, drawn by weight, that has fewer connections for its weight.</summary>
    Random,

    /// <summary>By the client's address, each source to one backend: rendezvous hashing.</summary>
    SourceHash,

    /// <summary>By the client's address, each source to one backend: Maglev's table.</summary>
    Maglev,
}

/// <summary>The header by which backends learn who a client is: HAProxy's PROXY protocol.</summary>
public enum ProxyProtocol
{
    /// <summary>None.</summary>
    None,

    /// <summary>Version 1, a line of text.</summary>
    Version1,

    /// <summary>Version 2, binary.</summary>
    Version2,
}

/// <summary>A pool and its backends.</summary>
public sealed record PoolOptions
{
    /// <summary>Unique among the pools.</summary>
    public required string Name { get; init; }

    /// <summary>How connections are shared out.</summary>
    public Balance Balance { get; init; } = Balance.LeastConnections;

    /// <summary>The check of each backend.</summary>
    public required CheckOptions Check { get; init; }

    /// <summary>How long one attempt to connect may take, 1 ms – 5 min.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many other backends are tried after a failed attempt, 0–16.</summary>
    public int ConnectRetries { get; init; } = 2;

    /// <summary>Sends a source to the backend that it had last; null: no.</summary>
    public PersistenceOptions? Persistence { get; init; }

    /// <summary>Where connections wait while every backend is full; null: they are reset.</summary>
    public QueueOptions? Queue { get; init; }

    /// <summary>Over this time a backend's weight grows to the full one after it was taken up; zero: at once.</summary>
    public TimeSpan SlowStart { get; init; }

    /// <summary>What its backends expect before anything else, checks included.</summary>
    public ProxyProtocol SendProxyProtocol { get; init; }

    /// <summary>By unique name, at least one.</summary>
    public required IReadOnlyList<BackendOptions> Backends { get; init; }
}

/// <summary>Which sources a pool remembers.</summary>
/// <param name="TimeToLive">Since the source's last connection; above 0.</param>
/// <param name="IPv4Prefix">So many bits of an IPv4 address make the source, 1–32.</param>
/// <param name="IPv6Prefix">So many bits of an IPv6 address make the source, 1–128.</param>
/// <param name="MaxEntries">How many are remembered, 1–1,000,000.</param>
public sealed record PersistenceOptions(TimeSpan TimeToLive, int IPv4Prefix, int IPv6Prefix, int MaxEntries);

/// <summary>The queue of a pool.</summary>
/// <param name="Size">How many connections may wait at once, 1–65,536.</param>
/// <param name="Timeout">How long each may wait, 1 ms – 5 min.</param>
public sealed record QueueOptions(int Size, TimeSpan Timeout);

/// <summary>A backend.</summary>
/// <param name="Name">Unique in its pool.</param>
/// <param name="Endpoint">Where it accepts connections.</param>
/// <param name="Weight">Its share beside the others, 0–1000.</param>
/// <param name="MaxConnections">Held at once; 0: no limit.</param>
public sealed record BackendOptions(string Name, IPEndPoint Endpoint, int Weight = 100, int MaxConnections = 0)
{
    /// <summary>It serves only where no other can, and counts for no VIP's health.</summary>
    public bool IsBackup { get; init; }
}

/// <summary>A VIP: its addresses, what it serves and what it announces.</summary>
public sealed record VipOptions
{
    /// <summary>What the machine needs; its name is the VIP's.</summary>
    public required VipSettings Settings { get; init; }

    /// <summary>On `lo`; at least one.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    /// <summary>On each of the addresses; empty for an announce-only VIP.</summary>
    public IReadOnlyList<ListenerOptions> Listeners { get; init; } = [];

    /// <summary>Its own checks, each of which must pass.</summary>
    public IReadOnlyList<CheckOptions> Checks { get; init; } = [];

    /// <summary>What is announced, in CIDR form without host bits; at least one.</summary>
    public required IReadOnlyList<string> Prefixes { get; init; }

    /// <summary>Which of the VIPs that share a prefix must be up; all of them say the same.</summary>
    public PrefixPolicy PrefixPolicy { get; init; } = PrefixPolicy.Any;

    /// <summary>With what it is announced; VIPs that share a prefix say the same.</summary>
    public RouteOptions Route { get; init; } = new();

    /// <summary>With what it is announced while below its standby threshold.</summary>
    public RouteOptions StandbyRoute { get; init; } = new();

    /// <summary>With what it is announced as the first step of a drain.</summary>
    public RouteOptions DrainRoute { get; init; } = new();
}

/// <summary>A listener whose clients are proxies: each connection begins with a header of the PROXY protocol.</summary>
/// <param name="From">Their networks, at least one; equal lists are equal.</param>
/// <param name="Timeout">In which the header must have come.</param>
public sealed record ProxyProtocolOptions(IReadOnlyList<IPNetwork> From, TimeSpan Timeout);

/// <summary>How a listener shares TLS connections out by what their ClientHello asks for.</summary>
/// <param name="Routes">The one with the most exact name is taken, of equals the first; equal lists are equal.</param>
/// <param name="ResetsOthers">Who fits none is reset, and not left to the listener's pool.</param>
public sealed record SniOptions(IReadOnlyList<SniRouteOptions> Routes, bool ResetsOthers);

/// <summary>Which clients a pool gets.</summary>
/// <param name="Names">Host names in lower case, or such behind "*."; none: any.</param>
/// <param name="Protocols">Of ALPN, of which the client offers one; none: any.</param>
/// <param name="Pool">The pool.</param>
public sealed record SniRouteOptions(IReadOnlyList<string> Names, IReadOnlyList<string> Protocols, string Pool);

/// <summary>A listener of a VIP, on each of its addresses.</summary>
/// <param name="Port">1–65535.</param>
/// <param name="Pool">Where its connections go.</param>
/// <param name="MaxConnections">Held at once; 0: no limit of its own.</param>
/// <param name="IdleTimeout">A connection on which nothing is sent for so long is closed; null: never.</param>
public sealed record ListenerOptions(int Port, string Pool, int MaxConnections = 0, TimeSpan? IdleTimeout = null)
{
    /// <summary>Null: its clients are who they seem to be.</summary>
    public ProxyProtocolOptions? ProxyProtocol { get; init; }

    /// <summary>Null: every connection goes to <see cref="Pool"/>.</summary>
    public SniOptions? Sni { get; init; }

    /// <summary>Every pool that its connections may go to.</summary>
    public IEnumerable<string> Pools => (Sni?.Routes ?? []).Select(route => route.Pool).Append(Pool).Distinct();

    /// <summary>After one side has ended, the same; null: never.</summary>
    public TimeSpan? HalfClosedTimeout { get; init; }

    /// <summary>How long a connection may last; null: without end.</summary>
    public TimeSpan? TotalTimeout { get; init; }

    /// <summary>In which a client must send something; null: it need not.</summary>
    public TimeSpan? FirstOctetTimeout { get; init; }

    /// <summary>TCP_USER_TIMEOUT of both sides; null: the kernel's.</summary>
    public TimeSpan? UserTimeout { get; init; }

    /// <summary>TCP's keep-alive on both sides; null: the proxy's default.</summary>
    public KeepAliveOptions? KeepAlive { get; init; }

    /// <summary>What each source may take; null: there is no limit to it.</summary>
    public PerSourceOptions? PerSource { get; init; }

    /// <summary>Clients are accepted once they have sent something.</summary>
    public bool DefersAccept { get; init; }
}

/// <summary>What each source may take of a listener.</summary>
/// <param name="Connections">Held at once; 0: no limit.</param>
/// <param name="Rate">New ones a second, 0–1,000,000; 0: no limit.</param>
/// <param name="Burst">New ones at once, 0–1,000,000.</param>
/// <param name="IPv4Prefix">Addresses that share so many bits are one source, 1–32.</param>
/// <param name="IPv6Prefix">The same, 1–128.</param>
public sealed record PerSourceOptions(int Connections, int Rate, int Burst, int IPv4Prefix = 32, int IPv6Prefix = 64);

/// <summary>TCP's keep-alive.</summary>
/// <param name="Idle">Silence before the first probe, in whole seconds, 1–32,767.</param>
/// <param name="Interval">From one probe to the next, in whole seconds, 1–32,767.</param>
/// <param name="Probes">So many without an answer, and the peer is gone: 1–127.</param>
public sealed record KeepAliveOptions(TimeSpan Idle, TimeSpan Interval, int Probes);

/// <summary>What an announcement asks of the speaker.</summary>
public sealed record RouteOptions
{
    /// <summary>MULTI_EXIT_DISC, RFC 4271 section 5.1.4; null leaves it out.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF, RFC 4271 section 5.1.5, towards iBGP peers; null: the speaker's default.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>How often the own AS is put in front once more, 0–32.</summary>
    public int AsPathPrepend { get; init; }

    /// <summary>RFC 1997, as in the configuration: "65001:100", "graceful-shutdown"; separated by spaces.</summary>
    public string Communities { get; init; } = "";

    /// <summary>RFC 4360: "rt:65001:100"; separated by spaces.</summary>
    public string ExtendedCommunities { get; init; } = "";

    /// <summary>The link bandwidth community, in bit/s; null: the peer's default, or none.</summary>
    public ulong? LinkBandwidth { get; init; }

    /// <summary>RFC 8092: "65001:1:2"; separated by spaces.</summary>
    public string LargeCommunities { get; init; } = "";
}
