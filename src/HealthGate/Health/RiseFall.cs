namespace AnycastVip.HealthGate.Health;

/// <summary>
/// One check: when it runs, and how its results become a verdict. Pure. Counting is HAProxy's: one counter, `rise`
/// successes in a row to pass, `fall` failures in a row to fail. Unlike HAProxy's, a new target is unknown, not up.
/// </summary>
public static class RiseFall
{
    /// <summary>A check whose first run comes within one interval.</summary>
    /// <param name="settings">Valid ones.</param>
    /// <param name="seed">Spreads the first runs of many checks over the interval: different for each.</param>
    /// <param name="now">Since the shell's origin.</param>
    public static RiseFallState Initial(CheckSettings settings, ulong seed, TimeSpan now)
    {
        var start = now + (settings.Interval * Fraction(seed));
        return new()
        {
            Settings = settings,
            Since = now,
            DueAt = start,
            NextRunAt = start,
            StaleAt = now + settings.StaleAfter,
        };
    }

    /// <summary>Takes one input, and whatever deadline is reached.</summary>
    public static (RiseFallState State, IReadOnlyList<CheckAction> Actions) Next(
        RiseFallState state, CheckInput input, TimeSpan now)
    {
        var before = state;
        // The input goes first: a result that waited beside an expired deadline is newer than what expired.
        state = input switch
        {
            ProbeFinished finished when state.IsRunning && finished.Run == state.Run =>
                Scheduled(Counted(state, finished.Result, now), now),
            TargetFailed failed when failed.Epoch > state.Epoch => Failed(state, failed, now),
            ProbeSooner => Sooner(state, now),
            _ => state,
        };
        if (Deadline.IsDue(state.StaleAt, now))
            state = Stale(state, now);
        var actions = new List<CheckAction>();
        if (Deadline.IsDue(state.NextRunAt, now))
        {
            state = Started(state, now);
            actions.Add(new RunProbe(state.Run));
        }
        if (state.Verdict != before.Verdict)
            actions.Add(new VerdictChanged(before.Verdict, state.Verdict, state.Reason));
        return (state, actions);
    }

    private static RiseFallState Started(RiseFallState state, TimeSpan now) => state with
    {
        Run = state.Run + 1,
        IsRunning = true,
        StartedAt = now,
        DueAt = state.NextRunAt!.Value,
        NextRunAt = null,
    };

    private static RiseFallState Counted(RiseFallState state, CheckResult result, TimeSpan now)
    {
        var (settings, counter, verdict) = (state.Settings, state.Counter, state.Verdict);
        if (result.IsOk)
        {
            counter = counter + 1 >= settings.Rise ? state.Top : counter + 1;
            verdict = counter == state.Top ? CheckVerdict.Passing : verdict;
        }
        else
        {
            counter = counter > settings.Rise ? counter - 1 : 0;
            verdict = counter == 0 ? CheckVerdict.Failing : verdict;
        }
        return state with
        {
            Counter = counter,
            Verdict = verdict,
            Reason = result.Reason,
            Since = verdict == state.Verdict ? state.Since : now,
            Last = result,
            IsRunning = false,
            StaleAt = state.StartedAt + settings.StaleAfter,
        };
    }

    // Counted from when the last run was due, and past runs that nobody came to, so that neither a slow run nor a
    // stalled process moves many checks onto the same moment.
    private static RiseFallState Scheduled(RiseFallState state, TimeSpan now)
    {
        var missed = now < state.DueAt ? 0 : (now - state.DueAt).Ticks / state.Interval.Ticks;
        return state with { NextRunAt = state.DueAt + (state.Interval * (missed + 1)) };
    }

    private static RiseFallState Failed(RiseFallState state, TargetFailed failed, TimeSpan now) => state with
    {
        Epoch = failed.Epoch,
        Counter = 0,
        Verdict = CheckVerdict.Failing,
        Reason = failed.Reason,
        Since = state.Verdict == CheckVerdict.Failing ? state.Since : now,
        IsRunning = false,
        NextRunAt = now + state.Settings.FastInterval,
        StaleAt = now + state.Settings.StaleAfter,
    };

    private static RiseFallState Sooner(RiseFallState state, TimeSpan now)
    {
        if (state.NextRunAt is not { } planned)
            return state;
        var soonest = state.StartedAt + state.Settings.FastInterval ?? now;
        var sooner = soonest > now ? soonest : now;
        return sooner < planned ? state with { NextRunAt = sooner } : state;
    }

    private static RiseFallState Stale(RiseFallState state, TimeSpan now) => state with
    {
        Verdict = CheckVerdict.Stale,
        Reason = $"no result for {state.Settings.StaleAfter.TotalSeconds:0.###} s",
        Since = now,
        Counter = 0,
        StaleAt = null,
    };

    // SplitMix64's first draw (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), in [0, 1).
    private static double Fraction(ulong seed)
    {
        const double Steps = 1UL << 53;
        var state = unchecked(seed + 0x9E3779B97F4A7C15);
        state = unchecked((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9);
        state = unchecked((state ^ (state >> 27)) * 0x94D049BB133111EB);
        return ((state ^ (state >> 31)) >> 11) / Steps;
    }
}
