namespace AnycastVip.HealthGate.Health;

/// <summary>
/// One backend: its active check, what the proxy observes and the operator's drain make one state. Pure. A refusal is
/// hard evidence and acts at once; time-outs and resets only hurry the check, since a slow client or network can cause
/// them too.
/// </summary>
public static class BackendHealth
{
    /// <summary>A backend that nothing is known of but the operator's order.</summary>
    /// <param name="now">Since the shell's origin.</param>
    /// <param name="isDrained">The persisted order.</param>
    /// <param name="drainReason">The operator's reason.</param>
    public static BackendHealthState Initial(TimeSpan now, bool isDrained = false, string drainReason = "") =>
        new() { Since = now, IsDrained = isDrained, DrainReason = drainReason };

    /// <summary>Takes one input.</summary>
    public static (BackendHealthState State, IReadOnlyList<BackendAction> Actions) Next(
        BackendHealthState state, BackendInput input, TimeSpan now)
    {
        var before = state;
        var actions = new List<BackendAction>();
        switch (input)
        {
            // What the check found before it heard of the refusal says nothing about the time after it.
            case CheckReported reported when reported.Epoch == state.Epoch:
                state = state with { Verdict = reported.Verdict, Evidence = reported.Reason };
                break;
            case Observed observed when IsUsable(state) && observed.Generation == state.Generation:
                state = Seen(state, observed.What, actions);
                break;
            case BackendDrainOrdered order:
                state = state with { IsDrained = order.IsDrained, DrainReason = order.Reason };
                break;
        }
        state = Judged(state, now);
        if (state.State != before.State)
            actions.Add(new BackendChanged(before.State, state.State, state.Reason));
        return (state, actions);
    }

    private static BackendHealthState Seen(BackendHealthState state, Observation what, List<BackendAction> actions)
    {
        if (what != Observation.Refused)
        {
            actions.Add(new HurryCheck());
            return state;
        }
        const string Evidence = "connection refused, seen by the proxy";
        var epoch = state.Epoch + 1;
        actions.Add(new FailCheck(epoch, Evidence));
        return state with { Epoch = epoch, Verdict = CheckVerdict.Failing, Evidence = Evidence };
    }

    private static bool IsUsable(BackendHealthState state) => state.State is BackendState.Up or BackendState.Drain;

    private static BackendHealthState Judged(BackendHealthState state, TimeSpan now)
    {
        var next = state.Verdict switch
        {
            CheckVerdict.Passing => state.IsDrained ? BackendState.Drain : BackendState.Up,
            CheckVerdict.Unknown => BackendState.Unknown,
            _ => BackendState.Down,
        };
        var drain = state.DrainReason.Length > 0 ? $"drained: {state.DrainReason}" : "drained";
        var reason = next == BackendState.Drain ? drain
            : state.IsDrained ? $"{state.Evidence}; {drain}"
            : state.Evidence;
        return next == state.State
            ? state with { Reason = reason }
            : state with
            {
                State = next,
                Reason = reason,
                Since = now,
                Generation = state.Generation + (next == BackendState.Up ? 1 : 0),
            };
    }
}
