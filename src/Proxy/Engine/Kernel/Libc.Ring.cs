using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>io_uring's system calls, for which the C library has no functions, and its memory.</summary>
internal static unsafe partial class Libc
{
    // The same on x64 and arm64.
    private const int RingSetup = 425;
    private const int RingEnter = 426;
    private const int RingRegister = 427;

    private const int Readable = 1;
    private const int Writable = 2;
    private const int MapSharedFlag = 1;
    private const int MapPrivateFlag = 2;
    private const int MapAnonymous = 0x20;
    private const int MapNoReserve = 0x4000;
    private const int MapPopulate = 0x8000;
    private const nint MapFailed = -1;

    public static int OpenRing(int entries, RingParameters* parameters) =>
        Result(SystemCall(RingSetup, entries, (nint)parameters, 0, 0, 0, 0));

    public static int EnterRing(int ring, uint submit, uint atLeast, uint flags, void* argument, int size) =>
        Result(SystemCall(RingEnter, ring, (nint)submit, (nint)atLeast, (nint)flags, (nint)argument, size));

    public static int RegisterWithRing(int ring, int operation, void* argument, int count) =>
        Result(SystemCall(RingRegister, ring, operation, (nint)argument, count, 0, 0));

    /// <summary>Null when there is no memory.</summary>
    public static byte* MapShared(int fd, nint offset, nuint size) =>
        Mapped(Map(null, size, Readable | Writable, MapSharedFlag | MapPopulate, fd, offset));

    /// <summary>Null when there is no address space.</summary>
    public static byte* MapPrivate(nuint size) =>
        Mapped(Map(null, size, Readable | Writable, MapPrivateFlag | MapAnonymous | MapNoReserve, -1, 0));

    public static int Unmap(byte* start, nuint size) => Result(UnmapMemory(start, size));

    private static byte* Mapped(nint result) => result == MapFailed ? null : (byte*)result;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(void* address, nuint size, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int UnmapMemory(void* start, nuint size);
}
