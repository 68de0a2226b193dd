using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>What epoll reports about a descriptor.</summary>
[Flags]
internal enum Readiness : uint
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    PeerClosed = 0x2000,
    EdgeTriggered = 1u << 31,

    /// <summary>Everything about a stream, each change once.</summary>
    StreamEdges = Readable | Writable | PeerClosed | EdgeTriggered,
}

/// <summary>An epoll instance and room for one batch of its events.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int BatchSize = 256;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;

    // struct epoll_event { u32 events; u64 data; } is packed on x64 only.
    private static readonly int DataOffset =
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? sizeof(uint) : sizeof(ulong);

    private static readonly int EventSize = DataOffset + sizeof(ulong);

    private readonly int _fd = Libc.OpenEpoll();
    private readonly byte* _events = (byte*)NativeMemory.AllocZeroed(BatchSize, (nuint)EventSize);

    /// <summary>
    /// Starts to watch; 0 or -errno. Closing a descriptor ends it, unless another process has a copy of it.
    /// </summary>
    public int Watch(int fd, Readiness readiness, ulong token) => Control(Add, fd, readiness, token);

    /// <summary>Changes what is watched for.</summary>
    public int Rewatch(int fd, Readiness readiness, ulong token) => Control(Modify, fd, readiness, token);

    /// <summary>Ends the watch of a descriptor that is not closed for good.</summary>
    public void Unwatch(int fd) => Control(Delete, fd, Readiness.None, 0);

    /// <summary>Waits for events: how many there are, or -errno. -1 waits without end.</summary>
    public int Wait(int milliseconds) => Libc.WaitEpoll(_fd, _events, BatchSize, milliseconds);

    /// <summary>An event of the last batch.</summary>
    public (ulong Token, Readiness Readiness) this[int index]
    {
        get
        {
            var entry = _events + index * EventSize;
            return (Unsafe.ReadUnaligned<ulong>(entry + DataOffset), *(Readiness*)entry);
        }
    }

    public void Dispose()
    {
        Libc.CloseDescriptor(_fd);
        NativeMemory.Free(_events);
    }

    private int Control(int operation, int fd, Readiness readiness, ulong token)
    {
        var request = stackalloc byte[EventSize];
        *(Readiness*)request = readiness;
        Unsafe.WriteUnaligned(request + DataOffset, token);
        return Libc.ControlEpoll(_fd, operation, fd, request);
    }
}
