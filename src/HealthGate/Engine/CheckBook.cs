using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>All checks that are to run.</summary>
/// <param name="actions">Where its orders go.</param>
internal sealed class CheckBook(List<GateAction> actions)
{
    private readonly Dictionary<CheckId, CheckUnit> _units = [];

    /// <summary>Those of backends, those of VIPs, the self-probes.</summary>
    public IEnumerable<CheckUnit> All => _units.Values
        .OrderBy(unit => unit.IsSelfProbe ? 2 : unit.Vip is null ? 0 : 1)
        .ThenBy(unit => unit.Id.Subject, StringComparer.Ordinal)
        .ThenBy(unit => unit.Id.Check, StringComparer.Ordinal);

    public CheckUnit? Find(CheckId id) => _units.GetValueOrDefault(id);

    /// <summary>
    /// Starts a check. One that runs with the same order is left alone; one with another order is started anew and
    /// keeps its last verdict until it has one of its own.
    /// </summary>
    /// <returns>The check when it was started; null when it was left alone.</returns>
    public CheckUnit? Start(StartCheck order, TimeSpan now, BackendUnit? backend = null, VipUnit? vip = null)
    {
        var before = Find(order.Id);
        if (before?.Order == order)
            return null;
        actions.Add(order);
        return _units[order.Id] = new(order, now, backend, vip) { Judged = before?.Judged };
    }

    /// <summary>Starts a check from nothing, whatever was known.</summary>
    public void Restart(StartCheck order, TimeSpan now, VipUnit vip)
    {
        _units[order.Id] = new(order, now, null, vip);
        actions.Add(order);
    }

    public void Stop(CheckId id)
    {
        if (_units.Remove(id))
            actions.Add(new StopCheck(id));
    }

    /// <summary>Notes a report.</summary>
    /// <returns>The check; null when the report is of none, or of one that was replaced since.</returns>
    public CheckUnit? Take(CheckChanged changed)
    {
        if (Find(changed.Id) is not { } unit || changed.State.Since < unit.StartedAt)
            return null;
        unit.State = changed.State;
        if (changed.State.Verdict != CheckVerdict.Unknown)
            (unit.Judged, unit.IsCounted) = (changed.State, true);
        return unit;
    }
}
