using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of a listener that bound its connections.</summary>
internal static class ListenerLimitKeys
{
    private static readonly ScalarType<TimeSpan> Time =
        ScalarTypes.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(168));

    public static readonly Key<TimeSpan> FirstOctetTimeout = new(
        "firstOctetTimeout",
        Time,
        "A client that has sent nothing for so long since it was accepted is reset. Not for protocols in which only "
        + "the server speaks.") { Otherwise = "never" };

    public static readonly Key<TimeSpan> HalfClosedTimeout = new(
        "halfClosedTimeout",
        Time,
        "A connection of which one side has ended is reset when nothing is sent for so long, or up to twice as long.")
    {
        Otherwise = "never",
    };

    public static readonly Key<TimeSpan> TotalTimeout = new(
        "totalTimeout", Time, "A connection is reset so long after it was accepted.") { Otherwise = "never" };

    public static readonly Key<TimeSpan> UserTimeout = new(
        "userTimeout",
        Time,
        "A client or backend that acknowledges nothing of what it is sent, or takes nothing of it, for so long is gone "
        + "(TCP_USER_TIMEOUT).") { Otherwise = "after the kernel's retransmissions, some 15 minutes" };

    public static readonly SectionKey KeepAlive = new(
        "keepAlive",
        KeepAliveKeys.Section,
        SectionShape.Mapping,
        "TCP's keep-alive towards clients and backends: when one that is silent is taken for gone.");

    public static readonly Key<bool> DeferAccept = new(
        "deferAccept",
        ScalarTypes.Boolean,
        "Accept clients once they have sent something, or after some seconds (TCP_DEFER_ACCEPT): those that only "
        + "connect cost nothing but the kernel's memory. Not for protocols in which the server speaks first.")
    {
        Default = "false",
    };

    public static readonly SectionKey PerSource = new(
        "perSource",
        PerSourceKeys.Section,
        SectionShape.Mapping,
        "What each source of connections may take; one beyond it is reset when it is accepted.");

    public static readonly IReadOnlyList<Key> All =
        [FirstOctetTimeout, HalfClosedTimeout, TotalTimeout, UserTimeout, KeepAlive, DeferAccept, PerSource];
}

/// <summary>The keys under a listener's <c>perSource</c>.</summary>
internal static class PerSourceKeys
{
    private static readonly ScalarType<long> Rates = ScalarTypes.Integer(1, 1_000_000);

    public static readonly Key<long> Connections = new(
        "connections", GateTypes.Connections, "Held at once.") { Otherwise = "no limit" };

    public static readonly Key<long> Rate = new("rate", Rates, "New ones a second, in the mean.")
    {
        Otherwise = "no limit",
    };

    public static readonly Key<long> Burst = new(
        "burst", Rates, "New ones at once, after a while without any; only with `rate`.") { Otherwise = "`rate`" };

    public static readonly Key<long> IPv4Prefix = new(
        "ipv4Prefix", ScalarTypes.Integer(1, 32), "IPv4 addresses that share so many leading bits are one source.")
    {
        Default = "32",
    };

    public static readonly Key<long> IPv6Prefix = new(
        "ipv6Prefix", ScalarTypes.Integer(1, 128), "The same of IPv6: one site has a /64 and more to choose from.")
    {
        Default = "64",
    };

    public static readonly Section Section = new([Connections, Rate, Burst, IPv4Prefix, IPv6Prefix], []);
}

/// <summary>The keys under a listener's <c>keepAlive</c>.</summary>
internal static class KeepAliveKeys
{
    private static readonly ScalarType<TimeSpan> Time = GateTypes.WholeSeconds(9 * 3600);

    public static readonly Key<TimeSpan> Idle = new("idle", Time, "Silence before the first probe.")
    {
        Default = "60s",
    };

    public static readonly Key<TimeSpan> Interval = new("interval", Time, "From one probe to the next.")
    {
        Default = "10s",
    };

    public static readonly Key<long> Probes = new(
        "probes", ScalarTypes.Integer(1, 127), "So many without an answer, and the other end is gone.")
    {
        Default = "6",
    };

    public static readonly Section Section = new([Idle, Interval, Probes], []);
}
