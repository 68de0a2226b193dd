namespace AnycastVip.HealthGate.Health;

/// <summary>Which of the VIPs in one announced prefix must be up.</summary>
public enum PrefixPolicy
{
    /// <summary>One is enough: the best of them speaks for the prefix.</summary>
    Any,

    /// <summary>Each one: the worst of them speaks for the prefix.</summary>
    All,
}

/// <summary>What is announced for a prefix that several VIPs share.</summary>
public static class SharedPrefix
{
    /// <summary>
    /// Decides from what each VIP asks for. Unknown is neither up nor down: it holds what no other decides.
    /// </summary>
    /// <param name="policy">Which must be up.</param>
    /// <param name="vips">At least one.</param>
    public static Announcement Decide(PrefixPolicy policy, IReadOnlyCollection<Announcement> vips)
    {
        ArgumentOutOfRangeException.ThrowIfZero(vips.Count);
        var (best, worst) = (vips.Max(), vips.Where(vip => vip != Announcement.Unknown).DefaultIfEmpty().Min());
        var isHeld = vips.Contains(Announcement.Unknown);
        return policy switch
        {
            PrefixPolicy.Any when best == Announcement.None && isHeld => Announcement.Unknown,
            PrefixPolicy.Any => best,
            _ when worst != Announcement.None && isHeld => Announcement.Unknown,
            _ => worst,
        };
    }
}
