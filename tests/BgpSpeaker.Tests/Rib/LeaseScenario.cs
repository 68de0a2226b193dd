using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>
/// A lease table with a clock in seconds. Time to live 5 s, heartbeat 1 s; 203.0.113.0/24 (length 32) and
/// 2001:db8::/32 (length 128) are allowed.
/// </summary>
internal sealed class LeaseScenario
{
    private TimeSpan _now;
    private ulong _revision;

    public LeaseTable Table { get; } = new(
        new([new(Routes.Prefix("203.0.113.0/24"), 32, 32), new(Routes.Prefix("2001:db8::/32"), 128, 128)]),
        TimeSpan.FromSeconds(5),
        TimeSpan.FromSeconds(1));

    /// <summary>What is announced now: prefixes, each with its MED when it has one.</summary>
    public string Announced => string.Join(", ", Table.Current.Routes.Select(route =>
        route.Attributes.Med is { } med ? $"{route.Prefix} med {med}" : $"{route.Prefix}"));

    /// <summary>When something runs out next, in seconds.</summary>
    public double? NextDeadline => Table.NextDeadline?.TotalSeconds;

    public static VipDeclaration Announce(string vip, params string[] prefixes) => new(
        vip, VipIntent.Announce, "healthy",
        prefixes.Select(prefix => new RouteDeclaration(prefix, RouteAttributes.None, [])).ToValueList());

    public static VipDeclaration AnnounceWithMed(string vip, string prefix, uint med) =>
        new(vip, VipIntent.Announce, "healthy", [new(prefix, new() { Med = med }, [])]);

    public static VipDeclaration Withdraw(string vip) => new(vip, VipIntent.Withdraw, "drained by alice", []);

    public static VipDeclaration Unknown(string vip) => new(vip, VipIntent.Unknown, "", []);

    /// <summary>The time moves on, and what has run out by then is withdrawn.</summary>
    public LeaseScenario At(double seconds)
    {
        _now = TimeSpan.FromSeconds(seconds);
        Table.Advance(_now);
        return this;
    }

    public LeaseGrant OpenGrant(string client = "gate", ulong epoch = 1, double? ttl = null, double? heartbeat = null)
    {
        var isOpen = Table.TryOpen(Hello(client, epoch, ttl, heartbeat), _now, out var grant, out var error);
        Assert.True(isOpen, error?.Text);
        return grant!;
    }

    public LeaseStream Open(string client = "gate", ulong epoch = 1, double? ttl = null) =>
        OpenGrant(client, epoch, ttl).Stream;

    public LeaseError OpenError(string client = "gate", ulong epoch = 1, double? ttl = null, double? heartbeat = null)
    {
        Assert.False(Table.TryOpen(Hello(client, epoch, ttl, heartbeat), _now, out _, out var error));
        return error!;
    }

    /// <summary>Declares a whole set; gives what was refused.</summary>
    public ValueList<RefusedRoute> Declare(LeaseStream stream, params VipDeclaration[] vips)
    {
        var set = new DesiredSet(++_revision, [.. vips]);
        Assert.True(Table.TryDeclare(stream, set, _now, out var outcome, out var error), error?.Text);
        Assert.Equal(set.Revision, outcome!.Revision);
        return outcome.Refused;
    }

    public LeaseError DeclareError(LeaseStream stream, params IEnumerable<VipDeclaration> vips)
    {
        var set = new DesiredSet(++_revision, vips.ToValueList());
        Assert.False(Table.TryDeclare(stream, set, _now, out _, out var error));
        return error!;
    }

    public void Heartbeat(LeaseStream stream) => Assert.Null(Table.Heartbeat(stream, _now));

    public LeaseError? HeartbeatError(LeaseStream stream) => Table.Heartbeat(stream, _now);

    public void Lose(LeaseStream stream) => Table.LoseStream(stream, _now);

    public void EmergencyWithdraw(string reason) => Assert.Null(Table.EmergencyWithdraw(reason, _now));

    /// <summary>These lines, each for single addresses, are the allow-list from now on.</summary>
    public void Allow(params string[] prefixes) => Table.Reconfigure(
        new(prefixes.Select(prefix => new AllowedPrefix(Routes.Prefix(prefix), 32, 32)).ToValueList()),
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), _now);

    public bool Lift() => Table.LiftEmergencyWithdraw(_now);

    /// <summary>Each route in one line: <c>prefix client [vips] state: reason (until seconds)</c>.</summary>
    public string[] View() => Table.ListRoutes(_now).Select(row =>
        $"{row.Prefix} {row.ClientId} {row.Vips} {row.State}: {row.Reason}"
        + (row.ExpiresAt is { } at ? $" (until {at.TotalSeconds})" : "")).ToArray();

    public IReadOnlyList<LeaseView> Leases() => Table.ListLeases(_now);

    private static ClientHello Hello(string client, ulong epoch, double? ttl, double? heartbeat) => new(
        client, epoch, ttl is { } t ? TimeSpan.FromSeconds(t) : null,
        heartbeat is { } h ? TimeSpan.FromSeconds(h) : null);
}
