using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The values of a check's <c>type</c>.</summary>
internal enum CheckType
{
    Tcp,
    Http,
    Exec,
}

/// <summary>The keys of an item of <c>checks</c>.</summary>
internal static class CheckKeys
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public static readonly Key<CheckType> Type = new(
        "type",
        ScalarTypes.Choice(("tcp", CheckType.Tcp), ("http", CheckType.Http), ("exec", CheckType.Exec)),
        "What it does: open a connection, send GET, or run a program.") { IsRequired = true };

    public static readonly Key<long> Port = new(
        "port", GateTypes.Port, "tcp and http: the port to ask. A check of a VIP needs it.")
    {
        Otherwise = "the backend's",
    };

    public static readonly Key<string> Path = new("path", GateTypes.HttpPath, "http: what to GET.") { Default = "/" };

    public static readonly Key<string> Host = new("host", GateTypes.HttpHost, "http: the Host field.")
    {
        Otherwise = "the address and port asked",
    };

    public static readonly ListKey<string> ExpectStatus = new(
        "expectStatus", GateTypes.StatusRange, "http: the statuses that are healthy; at least one.")
    {
        Default = ["200-299"],
    };

    public static readonly ListKey<string> Command = new(
        "command",
        GateTypes.CommandWord,
        "exec, required there: the program's absolute path, then its arguments; no shell. Exit code 0 is healthy.");

    public static readonly Key<TimeSpan> Interval = new(
        "interval",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(50), Hour),
        "From the start of a run to the start of the next.") { Default = "1s" };

    public static readonly Key<TimeSpan> FastInterval = new(
        "fastInterval",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(50), Hour),
        "The same while the verdict is changing or not known; at most `interval`.")
    {
        Otherwise = "200ms, or `interval` if that is less",
    };

    public static readonly Key<TimeSpan> Timeout = new(
        "timeout",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(5)),
        "How long one run may take.") { Default = "500ms" };

    public static readonly Key<long> Rise = new(
        "rise", ScalarTypes.Integer(1, 1000), "Successes in a row that make it passing.") { Default = "2" };

    public static readonly Key<long> Fall = new(
        "fall", ScalarTypes.Integer(1, 1000), "Failures in a row that make it failing.") { Default = "3" };

    public static readonly Key<TimeSpan> StaleAfter = new(
        "staleAfter",
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(100), 24 * Hour),
        "A verdict without a newer one counts as failing so long after its run began; more than `interval` and "
        + "`timeout` together.")
    {
        Otherwise = "three times `interval`, and `timeout`",
    };

    /// <summary>The keys that not every type has, with the types that have them.</summary>
    public static readonly IReadOnlyList<(Key Key, CheckType[] Types)> Special =
    [
        (Port, [CheckType.Tcp, CheckType.Http]),
        (Path, [CheckType.Http]),
        (Host, [CheckType.Http]),
        (ExpectStatus, [CheckType.Http]),
        (Command, [CheckType.Exec]),
    ];

    public static readonly Section Section = new(
        [Type, .. Special.Select(special => special.Key), Interval, FastInterval, Timeout, Rise, Fall, StaleAfter], []);
}
