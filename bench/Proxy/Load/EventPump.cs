using System.Runtime.InteropServices;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>Whoever is told of a socket's events.</summary>
internal interface ISocketOwner
{
    void OnEvent(int fd, Readiness readiness);
}

/// <summary>
/// The sockets of one thread, over the system calls of the proxy itself: nothing that costs less stands in C#'s reach,
/// and the load shall not be what is measured.
/// </summary>
internal sealed unsafe partial class EventPump : IDisposable
{
    /// <summary>Room for what is received, in octets.</summary>
    public const int BufferSize = 256 * 1024;

    private const int DiscardFlag = 0x20;

    /// <summary>Every descriptor is less.</summary>
    public static readonly int MaximumDescriptors = (int)Math.Min(Libc.OpenFilesLimit(), 1 << 20);

    private readonly Epoll _epoll = new();
    private readonly ISocketOwner?[] _owners = new ISocketOwner?[MaximumDescriptors];

    /// <summary>What was received last, and what is sent.</summary>
    public byte* Buffer { get; } = (byte*)NativeMemory.AllocZeroed(BufferSize);

    /// <summary>How many sockets are watched.</summary>
    public int Watched { get; private set; }

    /// <summary>Tells a socket's owner of its events until it is closed.</summary>
    public void Watch(int fd, Readiness readiness, ISocketOwner owner)
    {
        _owners[fd] = owner;
        Watched++;
        Check(_epoll.Watch(fd, readiness, (ulong)fd), "epoll_ctl");
    }

    /// <summary>Tells another owner of other events from now on.</summary>
    public void Rewatch(int fd, Readiness readiness, ISocketOwner owner)
    {
        _owners[fd] = owner;
        Check(_epoll.Rewatch(fd, readiness, (ulong)fd), "epoll_ctl");
    }

    /// <summary>Closes a socket that is watched.</summary>
    public void Close(int fd)
    {
        _owners[fd] = null;
        Watched--;
        Libc.CloseDescriptor(fd);
    }

    /// <summary>Waits for events and hands them out.</summary>
    /// <param name="milliseconds">For so long at most; 0 does not wait.</param>
    public void Turn(int milliseconds)
    {
        var count = _epoll.Wait(milliseconds);
        for (var i = 0; i < count; i++)
        {
            var (token, readiness) = _epoll[i];
            _owners[(int)token]?.OnEvent((int)token, readiness);
        }
    }

    /// <summary>Receives into <see cref="Buffer"/>: octets, 0 at the end, or -errno.</summary>
    public int Receive(int fd) => Libc.Receive(fd, Buffer, BufferSize);

    /// <summary>Receives without looking at the octets: the kernel drops them uncopied (MSG_TRUNC, tcp(7)).</summary>
    public static int Discard(int fd) => (int)Recv(fd, null, BufferSize, DiscardFlag);

    /// <exception cref="InvalidOperationException">The call failed.</exception>
    public static int Check(int result, string call) => result >= 0
        ? result
        : throw new InvalidOperationException($"{call}: {Marshal.GetPInvokeErrorMessage(-result)}");

    public void Dispose()
    {
        _epoll.Dispose();
        NativeMemory.Free(Buffer);
    }

    [LibraryImport("libc", EntryPoint = "recv")]
    [SuppressGCTransition]
    private static partial nint Recv(int fd, byte* buffer, nuint length, int flags);
}
