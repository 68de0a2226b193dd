namespace AnycastVip.HealthGate.Health;

/// <summary>
/// What one VIP announces, and the order in which it goes up and down. Pure: each call yields the next state and what
/// to do, in order.
/// </summary>
/// <remarks>
/// <para>Up: address, listener, a probe through the own address, announcement; each step waits for the proof of the one
/// before. The first three do not wait for health, so that a VIP whose backends come back is announced at once.</para>
/// <para>Down by an operator's order: a worse path, its withdraw, connections, listener, address, each with a bound.
/// Down by a fault: the withdraw at once; listener and address stay, so that what still arrives is answered.</para>
/// <para>A withdraw is never held back. Everything else that changes an announcement keeps the distance of
/// <see cref="VipSettings.ReadvertiseDelay"/> to the change before it, but for the first step of a drain. What was
/// announced before this gate started is not known, so that the first announcement is not held back either.</para>
/// </remarks>
public static class VipGate
{
    /// <summary>A VIP of which nothing is known but the operator's order; the speaker holds what it has.</summary>
    /// <param name="settings">What it needs.</param>
    /// <param name="now">Since the shell's origin.</param>
    /// <param name="isDrained">The persisted order: then the first input withdraws it.</param>
    /// <param name="drainReason">The operator's reason.</param>
    public static VipGateState Initial(
        VipSettings settings, TimeSpan now, bool isDrained = false, string drainReason = "") => new()
        {
            Settings = settings,
            Health = VipHealth.Of(settings, new VipFacts()),
            IsDrained = isDrained,
            DrainReason = drainReason,
            PhaseSince = now,
            Since = now,
        };

    /// <summary>Takes one input, and whatever deadline is reached.</summary>
    public static (VipGateState State, IReadOnlyList<VipAction> Actions) Next(
        VipGateState state, VipInput input, TimeSpan now)
    {
        var transition = new VipTransition(state, now);
        transition.Take(input);
        return transition.Finish();
    }
}
