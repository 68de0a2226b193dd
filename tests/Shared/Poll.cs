using System.Diagnostics;

namespace AnycastVip.Tests;

/// <summary>Waits for what must come: the one place where a test may let time pass.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Asks until <paramref name="holds"/> says yes; fails with the last answer when the bound is over.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> holds, TimeSpan bound, string what)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (holds(answer))
                return answer;
            if (watch.Elapsed > bound)
                throw new Xunit.Sdk.XunitException($"not within {bound}: {what}; last seen: {answer}");
            await Task.Delay(Interval);
        }
    }

    /// <summary>Asks until <paramref name="holds"/> says yes; fails when the bound is over.</summary>
    public static Task UntilAsync(Func<bool> holds, TimeSpan bound, string what) =>
        UntilAsync(() => Task.FromResult(holds()), answer => answer, bound, what);
}
