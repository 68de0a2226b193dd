using System.Runtime.InteropServices;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>
/// The system calls that BFD makes for each packet and each wait; a result is 0 or more, or -errno. None of them
/// allocates.
/// </summary>
internal static unsafe partial class BfdKernel
{
    private const int DoNotWait = 0x40;
    private const int Interrupted = 4;
    private const int RoundRobin = 2;
    private const int ResetOnFork = 0x40000000;
    private const int OfThread = 0;
    private const int HighestNice = -20;
    private const int SetTimerSlack = 29;
    private const int ClockRealTime = 0;
    private const int EventNonBlocking = 0x80800;

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollRequest
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;

        public readonly TimeSpan ToTimeSpan() =>
            new((Seconds * TimeSpan.TicksPerSecond) + (Nanoseconds / TimeSpan.NanosecondsPerTick));
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Vector
    {
        public byte* Start;
        public nuint Length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MessageHeader
    {
        public byte* Name;
        public int NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>struct cmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ControlHeader
    {
        public nuint Length;
        public int Level;
        public int Type;
    }

    /// <summary>The wall clock, which the kernel stamps packets with.</summary>
    public static TimeSpan WallClock()
    {
        TimeSpec time;
        _ = ClockGetTime(ClockRealTime, &time);
        return time.ToTimeSpan();
    }

    /// <summary>Sleeps until a descriptor is ready, or the time is over.</summary>
    public static void Wait(PollRequest* requests, int count, TimeSpan timeout)
    {
        var ticks = Math.Max(timeout.Ticks, 0);
        TimeSpec time = new()
        {
            Seconds = ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
        };
        // An early return, by a signal or an error, only makes the caller look again.
        _ = PPoll(requests, (nuint)count, &time, null, 0);
    }

    /// <summary>Takes the next datagram without waiting; how long it is.</summary>
    public static int Receive(int socket, MessageHeader* message)
    {
        while (true)
        {
            var result = ReceiveMessage(socket, message, DoNotWait);
            if (result >= 0)
                return (int)result;
            if (Marshal.GetLastPInvokeError() is var error and not Interrupted)
                return -error;
        }
    }

    /// <summary>Sends a datagram without waiting.</summary>
    public static int Send(int socket, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> destination)
    {
        fixed (byte* octets = payload, name = destination)
        {
            var result = SendTo(socket, octets, (nuint)payload.Length, DoNotWait, name, destination.Length);
            return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
        }
    }

    /// <summary>The index of an interface now; 0: there is none of that name.</summary>
    /// <param name="name">UTF-8, ended by a zero octet.</param>
    public static int InterfaceIndex(ReadOnlySpan<byte> name)
    {
        fixed (byte* octets = name)
            return (int)NameToIndex(octets);
    }

    /// <summary>A descriptor that other threads wake this one by.</summary>
    public static int OpenEvent() =>
        EventDescriptor(0, EventNonBlocking) is >= 0 and var descriptor
            ? descriptor
            : throw new InvalidOperationException($"no eventfd: {Marshal.GetLastPInvokeErrorMessage()}");

    public static void SignalEvent(int descriptor)
    {
        ulong one = 1;
        _ = Write(descriptor, &one, sizeof(ulong));
    }

    public static void ClearEvent(int descriptor)
    {
        ulong count;
        _ = Read(descriptor, &count, sizeof(ulong));
    }

    public static void CloseDescriptor(int descriptor) => _ = Close(descriptor);

    /// <summary>Lets the calling thread run before others, by what is allowed; false: nothing is.</summary>
    public static bool RaisePriority(out string refusal)
    {
        // Timers of threads that are not real-time may otherwise fire 50 µs late.
        _ = ProcessControl(SetTimerSlack, 1, 0, 0, 0);
        var priority = 1;
        if (SetScheduler(OfThread, RoundRobin | ResetOnFork, &priority) == 0)
        {
            refusal = "";
            return true;
        }
        refusal = Marshal.GetLastPInvokeErrorMessage();
        return SetPriority(0, OfThread, HighestNice) == 0;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int ClockGetTime(int clock, TimeSpec* time);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static partial int PPoll(PollRequest* requests, nuint count, TimeSpec* timeout, void* signals, nuint size);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(
        int socket, byte* octets, nuint length, int flags, byte* destination, int destinationLength);

    [LibraryImport("libc", EntryPoint = "if_nametoindex", SetLastError = true)]
    private static partial uint NameToIndex(byte* name);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler", SetLastError = true)]
    private static partial int SetScheduler(int thread, int policy, int* priority);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int thread, int nice);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);
}
