namespace AnycastVip.HealthGate.Links;

/// <summary>Reads a <see cref="TimeProvider"/> as the pure machines want it.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Time since the provider's fixed origin.</summary>
    public static TimeSpan Now(this TimeProvider clock) => clock.GetElapsedTime(0, clock.GetTimestamp());
}
