namespace AnycastVip.BgpSpeaker.Tests;

/// <summary>Counts what a piece of code leaves on the managed heap.</summary>
internal static class Allocations
{
    private const int Rounds = 20;

    /// <summary>Fails when every one of several rounds allocates.</summary>
    /// <remarks>
    /// The runtime itself allocates now and then on the thread that it compiles for; code that allocates does so in
    /// every round.
    /// </remarks>
    public static void AssertNone(Action code) => AssertNone(() => { }, code);

    /// <inheritdoc cref="AssertNone(Action)"/>
    /// <param name="prepare">Before each round; it may allocate.</param>
    /// <param name="code">What must not.</param>
    public static void AssertNone(Action prepare, Action code)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds && least > 0; round++)
        {
            prepare();
            var before = GC.GetAllocatedBytesForCurrentThread();
            code();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }
}
