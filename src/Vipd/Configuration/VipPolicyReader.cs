using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.HealthGate.Health;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>What a VIP can share with <c>vipDefaults</c>, and the routes that follow from it.</summary>
/// <param name="MinHealthy">How many backends it takes.</param>
/// <param name="StandbyBelowPercent">When the standby route applies; null: never.</param>
/// <param name="StandbyRoute">With what it is announced then.</param>
/// <param name="Drain">How it goes.</param>
/// <param name="DrainRoute">With what it is announced as a drain's first step.</param>
/// <param name="ReadvertiseDelay">The dwell of damping.</param>
internal sealed record VipPolicy(
    MinHealthy MinHealthy,
    int? StandbyBelowPercent,
    RouteAttributes StandbyRoute,
    VipDrainSettings Drain,
    RouteAttributes DrainRoute,
    TimeSpan ReadvertiseDelay)
{
    /// <summary>What the VIP's machine needs.</summary>
    public VipSettings ToSettings(string name, bool hasListeners) => new()
    {
        Name = name,
        HasListeners = hasListeners,
        MinHealthy = MinHealthy,
        StandbyBelowPercent = hasListeners ? StandbyBelowPercent : null,
        ReadvertiseDelay = ReadvertiseDelay,
        Drain = Drain,
    };
}

/// <summary>Reads the keys that a VIP shares with <c>vipDefaults</c>.</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="peersMed">The greatest MED that a peer gets where an announcement has none; 0: none.</param>
internal sealed class VipPolicyReader(DiagnosticList diagnostics, uint peersMed)
{
    private const string NothingIsWorse =
        "without any, nothing makes the path worse: give a 'med', or 'depreference: false'";

    private static readonly Key[] OnlyWithDepreference =
        [DrainKeys.Communities, DrainKeys.Med, DrainKeys.HoldBeforeWithdraw];

    /// <summary>The policy.</summary>
    /// <param name="reader">A VIP with its defaults behind it, or the defaults by themselves.</param>
    /// <param name="route">With what the VIP is announced.</param>
    public VipPolicy Read(MappingReader reader, RouteAttributes route)
    {
        var minHealthy = ReadMinHealthy(reader.ReadOrEmpty(VipKeys.MinHealthy, diagnostics));
        var standby = reader.Read(VipKeys.Standby);
        var below = standby is null ? null : ReadBelow(standby);
        var standbyRoute = standby is null ? route : ReadWorseMed(standby, StandbyKeys.Med, route);
        standby?.Finish(StandbyKeys.Section);
        var drain = reader.ReadOrEmpty(VipKeys.Drain, diagnostics);
        var drainSettings = ReadDrain(drain);
        var drainRoute = drainSettings.Depreferences ? ReadDrainRoute(drain, route) : route;
        drain.Finish(DrainKeys.Section);
        var damping = reader.ReadOrEmpty(VipKeys.Damping, diagnostics);
        var delay = damping.Read(DampingKeys.ReadvertiseDelay, default);
        damping.Finish(DampingKeys.Section);
        return new VipPolicy(minHealthy, below, standbyRoute, drainSettings, drainRoute, delay);
    }

    /// <summary>The attributes under <c>announce</c>.</summary>
    public static RouteAttributes ReadRoute(MappingReader announce, DiagnosticList diagnostics) => new RouteAttributes
    {
        Med = (uint?)announce.ReadNullable(AnnounceKeys.Med),
        LocalPref = (uint?)announce.ReadNullable(AnnounceKeys.LocalPref),
        AsPathPrepend = (int)announce.Read(AnnounceKeys.AsPathPrepend, 0),
        Communities = announce.ReadDistinct(AnnounceKeys.Communities, diagnostics).Values(),
        ExtendedCommunities = announce.ReadDistinct(AnnounceKeys.ExtendedCommunities, diagnostics).Values(),
        LinkBandwidth = announce.ReadNullable(AnnounceKeys.LinkBandwidth),
        LargeCommunities = announce.ReadDistinct(AnnounceKeys.LargeCommunities, diagnostics).Values(),
    }.Normalized();

    private static MinHealthy ReadMinHealthy(MappingReader reader)
    {
        var minimum = new MinHealthy(
            (int)reader.Read(MinHealthyKeys.Count, 1), reader.ReadNullable(MinHealthyKeys.Percent) ?? 0);
        reader.Finish(MinHealthyKeys.Section);
        return minimum;
    }

    private static int? ReadBelow(MappingReader standby)
    {
        standby.Require(StandbyKeys.Below.Name);
        return standby.ReadNullable(StandbyKeys.Below);
    }

    private RouteAttributes ReadWorseMed(MappingReader reader, Key<long> key, RouteAttributes route)
    {
        if (key.IsRequired)
            reader.Require(key.Name);
        if (reader.ReadNullable(key) is not { } med)
            return route;
        var usual = route.Med ?? peersMed;
        if (med <= usual)
            diagnostics.Error(reader, key, $"{med} is not worse than the usual MED, {usual}: the lowest is the best");
        return route with { Med = (uint)med };
    }

    private static VipDrainSettings ReadDrain(MappingReader drain)
    {
        var settings = new VipDrainSettings
        {
            Depreferences = drain.Read(DrainKeys.Depreference, true),
            AcknowledgeTimeout = drain.Read(DrainKeys.AcknowledgeTimeout, default),
            StrandedAfter = drain.Read(DrainKeys.StrandedAfter, default),
            ConnectionTimeout = drain.Read(DrainKeys.ConnectionTimeout, default),
        };
        if (settings.Depreferences)
            return settings with { HoldBeforeWithdraw = drain.Read(DrainKeys.HoldBeforeWithdraw, default) };
        foreach (var key in OnlyWithDepreference)
            drain.Refuse(key.Name, "has no effect with 'depreference: false'");
        return settings;
    }

    private RouteAttributes ReadDrainRoute(MappingReader drain, RouteAttributes route)
    {
        var worse = ReadWorseMed(drain, DrainKeys.Med, route);
        var communities = drain.ReadDistinct(DrainKeys.Communities, diagnostics).Values();
        if (communities.Count == 0 && drain.Node(DrainKeys.Med.Name) is null)
            diagnostics.Error(drain, DrainKeys.Communities, NothingIsWorse);
        worse = (worse with { Communities = [.. worse.Communities, .. communities] }).Normalized();
        if (worse.FindFault() is { } fault)
            diagnostics.Error(drain, DrainKeys.Communities, $"with those of announce, {fault}");
        return worse;
    }
}
