using System.Collections.Immutable;

namespace AnycastVip.HealthGate.Drain;

/// <summary>The drains in force. A value: each change gives another set. Pure.</summary>
public sealed class DrainSet
{
    private static readonly DrainTarget.Node Node = new();

    private readonly ImmutableDictionary<DrainTarget, DrainOrder> _orders;

    private DrainSet(ImmutableDictionary<DrainTarget, DrainOrder> orders) => _orders = orders;

    /// <summary>No drain.</summary>
    public static DrainSet Empty { get; } = new(ImmutableDictionary<DrainTarget, DrainOrder>.Empty);

    /// <summary>Every order in force, the oldest first.</summary>
    public IReadOnlyList<DrainOrder> Orders =>
    [
        .. _orders.Values.OrderBy(order => order.OrderedAt).ThenBy(order => $"{order.Target}", StringComparer.Ordinal),
    ];

    /// <summary>
    /// Adds an order. One for the same target stays in force with the time of its first giving, and gets the new
    /// reason, name and timeout.
    /// </summary>
    public DrainSet Drain(DrainOrder order)
    {
        var orderedAt = Find(order.Target)?.OrderedAt ?? order.OrderedAt;
        return new(_orders.SetItem(order.Target, order with { OrderedAt = orderedAt }));
    }

    /// <summary>Takes an order back; the same set when there is none for that target.</summary>
    public DrainSet Undrain(DrainTarget target) => _orders.ContainsKey(target) ? new(_orders.Remove(target)) : this;

    /// <summary>The order for exactly that target; null when there is none.</summary>
    public DrainOrder? Find(DrainTarget target) => _orders.GetValueOrDefault(target);

    /// <summary>
    /// The order that keeps a target out of service; null when none does. For a VIP that is its own or else the
    /// node's. A drained node's backends and peers are not drained: they serve the connections that are left, and
    /// carry the withdraws.
    /// </summary>
    public DrainOrder? Covering(DrainTarget target) =>
        Find(target) ?? (target is DrainTarget.Vip ? Find(Node) : null);
}
