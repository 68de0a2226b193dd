namespace AnycastVip.Netlab.Deployment;

/// <summary>Waits for what the kernel tells by its state only.</summary>
internal static class Polling
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(2);

    /// <summary>Asks until there is an answer.</summary>
    /// <param name="ask">Null for "not yet".</param>
    /// <param name="timeout">How long to ask.</param>
    /// <param name="what">What is awaited, for the message: "the init of node a".</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="NetlabException">There was no answer in time.</exception>
    public static async Task<T> UntilAsync<T>(
        Func<T?> ask, TimeSpan timeout, string what, CancellationToken cancellation)
        where T : struct
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (ask() is { } answer)
                return answer;
            if (TimeProvider.System.GetElapsedTime(start) > timeout)
                throw new NetlabException($"waited {timeout.TotalSeconds} s in vain for {what}");
            await Task.Delay(Interval, TimeProvider.System, cancellation);
        }
    }
}
