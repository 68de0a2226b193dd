namespace AnycastVip.HealthGate.Health;

/// <summary>How healthy a VIP is, the worst first.</summary>
public enum HealthGrade
{
    /// <summary>It cannot serve.</summary>
    Bad,

    /// <summary>Too little is known.</summary>
    Unknown,

    /// <summary>It serves with less than the standby threshold.</summary>
    Reduced,

    /// <summary>It serves.</summary>
    Good,
}

/// <summary>A grade and why.</summary>
/// <param name="Grade">How healthy.</param>
/// <param name="Reason">One line; empty when there was nothing to judge.</param>
public sealed record VipHealth(HealthGrade Grade, string Reason)
{
    private static readonly VipHealth NothingWrong = new(HealthGrade.Good, "");

    /// <summary>True when it may be announced as far as health goes.</summary>
    public bool IsServing => Grade is HealthGrade.Good or HealthGrade.Reduced;

    /// <summary>Judges a VIP by its checks and its pools: the worst of them all counts.</summary>
    public static VipHealth Of(VipSettings settings, VipFacts facts) =>
        facts.Checks.Count + facts.Pools.Count == 0
            ? new(HealthGrade.Unknown, "neither a check nor a pool has reported yet")
            : Worse(OfChecks(facts.Checks), OfPools(settings, facts.Pools));

    /// <summary>Judges the checks alone: each must pass.</summary>
    public static VipHealth OfChecks(IReadOnlyList<VipCheck> checks) =>
        checks.Select(Judge).Aggregate(NothingWrong, Worse);

    /// <summary>Judges the pools alone: each must have its minimum.</summary>
    public static VipHealth OfPools(VipSettings settings, IReadOnlyList<PoolCount> pools) =>
        pools.Select(pool => Judge(settings, pool)).Aggregate(NothingWrong, Worse);

    private static VipHealth Judge(VipCheck check)
    {
        var grade = check.Verdict switch
        {
            CheckVerdict.Passing => HealthGrade.Good,
            CheckVerdict.Unknown => HealthGrade.Unknown,
            _ => HealthGrade.Bad,
        };
        return new(grade, $"check {check.Name}: {check.Reason}");
    }

    private static VipHealth Judge(VipSettings settings, PoolCount pool)
    {
        var wanted = settings.MinHealthy.Wanted(pool.Total);
        var found = $"pool {pool.Name}: {pool.Up} of {pool.Total} backends up";
        // Below the minimum whatever the unknown ones turn out to be.
        if (pool.Up + pool.Unknown < wanted)
            return new(HealthGrade.Bad, $"{found}, {wanted} wanted");
        if (pool.Up < wanted || IsReduced(pool.Up) && !IsReduced(pool.Up + pool.Unknown))
            return new(HealthGrade.Unknown, $"{found}, {pool.Unknown} not checked yet");
        return IsReduced(pool.Up)
            ? new(HealthGrade.Reduced, $"{found}, standby below {settings.StandbyBelowPercent} %")
            : new(HealthGrade.Good, found);

        bool IsReduced(int up) => up * 100 < settings.StandbyBelowPercent * pool.Total;
    }

    // Of two alike the first, unless it says nothing.
    private static VipHealth Worse(VipHealth one, VipHealth other) =>
        other.Grade < one.Grade || other.Grade == one.Grade && one.Reason.Length == 0 ? other : one;
}
