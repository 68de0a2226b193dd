namespace AnycastVip.HealthGate.Health;

/// <summary>
/// The last part of the time that a drain gives to connections, in which those that are left are closed.
/// </summary>
/// <param name="Spread">Over this time one after the other is ended, so that clients do not return all at once.</param>
/// <param name="Grace">From a connection's end to its reset.</param>
public readonly record struct ClosingWindow(TimeSpan Spread, TimeSpan Grace)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Both together.</summary>
    public TimeSpan Length => Spread + Grace;

    /// <summary>Of a drain that gives connections so long: a quarter of it, at most 30 s; a third of that is grace.
    /// </summary>
    public static ClosingWindow Of(TimeSpan connectionTimeout)
    {
        var length = connectionTimeout / 4 < Longest ? connectionTimeout / 4 : Longest;
        return new(2 * length / 3, length - 2 * length / 3);
    }
}
