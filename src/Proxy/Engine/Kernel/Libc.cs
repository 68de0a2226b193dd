using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>
/// The system calls of the data path. Each answers as the kernel itself does: a result of 0 or more, or -errno.
/// </summary>
internal static unsafe partial class Libc
{
    public const int FamilyIPv4 = 2;
    public const int FamilyIPv6 = 10;
    public const int ShutdownWrite = 1;

    public const int LevelSocket = 1;
    public const int LevelTcp = 6;
    public const int LevelIPv6 = 41;
    public const int ReuseAddress = 2;
    public const int SocketError = 4;
    public const int KeepAlive = 9;
    public const int Linger = 13;
    public const int ReusePort = 15;
    public const int MemoryInfo = 55;
    public const int TcpNoDelay = 1;
    public const int TcpKeepAliveIdle = 4;
    public const int TcpKeepAliveInterval = 5;
    public const int TcpKeepAliveCount = 6;
    public const int TcpDeferAccept = 9;
    public const int TcpUserTimeout = 18;
    public const int IPv6Only = 26;

    private const int Stream = 1;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;
    private const int Peek = 2;
    private const int TcpInfo = 11;
    private const int PollWritable = 4;
    private const int PollError = 8;
    private const int PollHangUp = 0x10;
    private const int LimitOpenFiles = 7;

    /// <summary>A TCP socket that does not block and is not inherited by programs that we start.</summary>
    public static int OpenStream(int family) => Result(Socket(family, Stream | NonBlocking | CloseOnExec, 0));

    public static int Bind(int fd, in SocketName name)
    {
        fixed (SocketName* pointer = &name)
            return Result(Bind(fd, pointer, name.Size));
    }

    public static int Connect(int fd, in SocketName name)
    {
        fixed (SocketName* pointer = &name)
            return Result(Connect(fd, pointer, name.Size));
    }

    public static int StartListening(int fd, int backlog) => Result(Listen(fd, backlog));

    /// <summary>The next connection that waits, as a socket like those of <see cref="OpenStream"/>.</summary>
    /// <param name="fd">A listening socket.</param>
    /// <param name="peer">Where it comes from.</param>
    public static int Accept(int fd, out SocketName peer)
    {
        peer = default;
        var size = SocketName.MaximumSize;
        fixed (SocketName* pointer = &peer)
            return Result(Accept4(fd, pointer, &size, NonBlocking | CloseOnExec));
    }

    /// <summary>Copies octets that wait to be received; they stay where they are.</summary>
    public static int PeekAt(int fd, Span<byte> octets)
    {
        fixed (byte* buffer = octets)
            return Result(Recv(fd, buffer, (nuint)octets.Length, Peek));
    }

    /// <summary>Whether a socket that connects is connected.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="hasFailed">It never will be: <see cref="TakeError"/> says why.</param>
    public static bool IsWritable(int fd, out bool hasFailed)
    {
        // A struct pollfd: events in the lower half of its second word, what came of them in the upper one.
        var watched = stackalloc int[] { fd, PollWritable };
        var found = Poll(watched, 1, 0) > 0 ? watched[1] >> 16 : 0;
        hasFailed = (found & (PollError | PollHangUp)) != 0;
        return !hasFailed && (found & PollWritable) != 0;
    }

    public static int Receive(int fd, byte* buffer, int length) => Result(Recv(fd, buffer, (nuint)length, 0));

    public static int Send(int fd, byte* buffer, int length) => Result(Send(fd, buffer, (nuint)length, NoSignal));

    public static int ShutDown(int fd, int how) => Result(Shutdown(fd, how));

    public static int CloseDescriptor(int fd) => Result(Close(fd));

    public static int SetOption(int fd, int level, int name, int value) =>
        Result(SetSocketOption(fd, level, name, &value, sizeof(int)));

    /// <summary>Makes close send a RST and drop what was not sent (SO_LINGER with time 0).</summary>
    public static int ResetOnClose(int fd)
    {
        var linger = stackalloc int[] { 1, 0 };
        return Result(SetSocketOption(fd, LevelSocket, Linger, linger, 2 * sizeof(int)));
    }

    /// <summary>Takes the error that waits on a socket (SO_ERROR): an errno, or 0.</summary>
    public static int TakeError(int fd)
    {
        int error, size = sizeof(int);
        var result = Result(GetSocketOption(fd, LevelSocket, SocketError, &error, &size));
        return result < 0 ? -result : error;
    }

    /// <summary>What a listening socket has dropped, mostly for want of backlog (SO_MEMINFO).</summary>
    public static uint ListenDrops(int fd)
    {
        const int values = 9, drops = 8;
        var info = stackalloc uint[values];
        var size = values * sizeof(uint);
        return GetSocketOption(fd, LevelSocket, MemoryInfo, info, &size) == 0 && size == values * sizeof(uint)
            ? info[drops]
            : 0;
    }

    /// <summary>
    /// For how long the peer has sent no packet, in ms; 0 when the kernel does not tell. Data and acknowledgements
    /// count alike (tcpi_last_data_recv and tcpi_last_ack_recv of struct tcp_info, linux/tcp.h; TCP_INFO in tcp(7)): a
    /// peer that only acknowledges what it is sent is there. Both are told in the kernel's ticks of 1 to 10 ms.
    /// </summary>
    public static uint SilentMilliseconds(int fd)
    {
        const int lastDataReceived = 13, lastAckReceived = 14, values = 15;
        var info = stackalloc uint[values];
        var size = values * sizeof(uint);
        return GetSocketOption(fd, LevelTcp, TcpInfo, info, &size) == 0 && size == values * sizeof(uint)
            ? Math.Min(info[lastDataReceived], info[lastAckReceived])
            : 0;
    }

    /// <summary>How many descriptors this process may have open (RLIMIT_NOFILE).</summary>
    public static ulong OpenFilesLimit()
    {
        var limits = stackalloc ulong[2];
        return GetLimit(LimitOpenFiles, limits) == 0 ? limits[0] : 0;
    }

    /// <exception cref="InvalidOperationException">No descriptor or memory is left.</exception>
    public static int OpenEpoll() => Needed(EpollCreate(CloseOnExec));

    public static int ControlEpoll(int epoll, int operation, int fd, byte* request) =>
        Result(EpollControl(epoll, operation, fd, request));

    public static int WaitEpoll(int epoll, byte* events, int maximum, int milliseconds) =>
        Result(EpollWait(epoll, events, maximum, milliseconds));

    /// <exception cref="InvalidOperationException">No descriptor or memory is left.</exception>
    public static int OpenEvent() => Needed(EventDescriptor(0, NonBlocking | CloseOnExec));

    public static void SignalEvent(int fd)
    {
        ulong one = 1;
        Write(fd, &one, sizeof(ulong));
    }

    public static void ClearEvent(int fd)
    {
        ulong count;
        Read(fd, &count, sizeof(ulong));
    }

    private static int Result(nint result) => result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;

    private static int Needed(int fd) =>
        fd >= 0 ? fd : throw new InvalidOperationException($"no loop: {Marshal.GetLastPInvokeErrorMessage()}");

    // A call without the GC transition holds up every collection while it runs: only for what never waits.

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    [SuppressGCTransition]
    private static partial nint Recv(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    [SuppressGCTransition]
    private static partial nint Send(int fd, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int Shutdown(int fd, int how);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int SetSocketOption(int fd, int level, int name, void* value, int size);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int GetSocketOption(int fd, int level, int name, void* value, int* size);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int EpollControl(int epoll, int operation, int fd, byte* request);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int Poll(int* watched, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    [SuppressGCTransition]
    private static partial int Accept4(int fd, SocketName* name, int* size, int flags);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int fd, SocketName* name, int size);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int fd, SocketName* name, int size);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int EpollWait(int epoll, byte* events, int maximum, int milliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fd, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fd, void* buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, ulong* limits);
}
