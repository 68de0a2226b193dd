using System.Runtime.InteropServices;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// Time since boot, suspend included (CLOCK_BOOTTIME): no timer of ours moves when the wall clock is set, and a node
/// that wakes up knows that its leases and hold times have passed.
/// </summary>
public sealed partial class BootClock : TimeProvider
{
    private const int ClockBootTime = 7;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The one clock of the process.</summary>
    public static readonly BootClock Instance = new();

    private BootClock() { }

    /// <inheritdoc/>
    public override long TimestampFrequency => NanosecondsPerSecond;

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        if (ClockGetTime(ClockBootTime, out var time) != 0)
            throw new InvalidOperationException($"no CLOCK_BOOTTIME: {Marshal.GetLastPInvokeErrorMessage()}");
        return time.Seconds * NanosecondsPerSecond + time.Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

/// <summary>Reads a <see cref="TimeProvider"/> as the pure machines want it.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Time since the provider's fixed origin.</summary>
    public static TimeSpan Now(this TimeProvider clock) => clock.GetElapsedTime(0, clock.GetTimestamp());
}
