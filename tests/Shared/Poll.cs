using System.Diagnostics;

namespace AnycastVip.Tests;

/// <summary>Waits for other programs by asking them again and again, never by sleeping a fixed time.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is accepted, and returns it.</summary>
    /// <param name="observe">Asks.</param>
    /// <param name="isAccepted">Judges an answer.</param>
    /// <param name="timeout">How long to ask.</param>
    /// <param name="description">What is awaited, for the message: "the session is Established".</param>
    public static async Task<T> Until<T>(
        Func<Task<T>> observe, Func<T, bool> isAccepted, TimeSpan timeout, string description)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var observed = await observe();
            if (isAccepted(observed))
                return observed;
            if (Stopwatch.GetElapsedTime(start) > timeout)
                Assert.Fail($"waited {timeout.TotalSeconds} s in vain until {description}; last observed: {observed}");
            await Task.Delay(Interval, TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Asks until a condition holds.</summary>
    /// <inheritdoc cref="Until{T}(Func{Task{T}}, Func{T, bool}, TimeSpan, string)"/>
    public static Task<T> Until<T>(Func<T> observe, Func<T, bool> isAccepted, TimeSpan timeout, string description) =>
        Until(() => Task.FromResult(observe()), isAccepted, timeout, description);
}
