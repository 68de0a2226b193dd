using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <content>Descriptors on their way to another process: SCM_RIGHTS of unix(7).</content>
internal static unsafe partial class Libc
{
    /// <summary>Descriptors in one message; the kernel takes 253 (SCM_MAX_FD).</summary>
    public const int MaximumRights = 250;

    private const int Rights = 1;
    private const int CloseReceivedOnExec = 0x40000000;

    // struct cmsghdr: a size_t and two ints; what follows is aligned already.
    private static readonly int ControlHeaderSize = sizeof(nuint) + 2 * sizeof(int);

    /// <summary>Sends octets, and with the first of them descriptors, which stay open here too.</summary>
    /// <param name="socket">A Unix stream socket.</param>
    /// <param name="octets">At least one.</param>
    /// <param name="descriptors">At most <see cref="MaximumRights"/>.</param>
    /// <returns>How many octets the socket took.</returns>
    public static int SendRights(int socket, ReadOnlySpan<byte> octets, ReadOnlySpan<int> descriptors)
    {
        var size = ControlHeaderSize + descriptors.Length * sizeof(int);
        var control = stackalloc byte[size];
        *(nuint*)control = (nuint)size;
        *(int*)(control + sizeof(nuint)) = LevelSocket;
        *(int*)(control + sizeof(nuint) + sizeof(int)) = Rights;
        descriptors.CopyTo(new Span<int>(control + ControlHeaderSize, descriptors.Length));
        fixed (byte* start = octets)
        {
            var vector = new IoVector { Base = start, Length = (nuint)octets.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (!descriptors.IsEmpty)
            {
                header.Control = control;
                header.ControlLength = (nuint)size;
            }
            return Result(SendMessage(socket, &header, NoSignal));
        }
    }

    /// <summary>Receives octets, and the descriptors that were sent with them.</summary>
    /// <param name="socket">A Unix stream socket.</param>
    /// <param name="octets">At least one. What was sent with descriptors ends the octets received.</param>
    /// <param name="descriptors">Room for <see cref="MaximumRights"/>; the caller owns what was received.</param>
    /// <param name="count">How many came.</param>
    /// <returns>How many octets came; 0 at the end.</returns>
    public static int ReceiveRights(int socket, Span<byte> octets, Span<int> descriptors, out int count)
    {
        var size = ControlHeaderSize + MaximumRights * sizeof(int);
        var control = stackalloc byte[size];
        count = 0;
        fixed (byte* start = octets)
        {
            var vector = new IoVector { Base = start, Length = (nuint)octets.Length };
            var header = new MessageHeader
            {
                Vectors = &vector, VectorCount = 1, Control = control, ControlLength = (nuint)size,
            };
            var received = Result(ReceiveMessage(socket, &header, CloseReceivedOnExec));
            if (received <= 0 || header.ControlLength < (nuint)ControlHeaderSize)
                return received;
            count = Math.Min(((int)*(nuint*)control - ControlHeaderSize) / sizeof(int), descriptors.Length);
            new Span<int>(control + ControlHeaderSize, count).CopyTo(descriptors);
            return received;
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(int fd, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int fd, MessageHeader* message, int flags);

    // struct iovec.
    private struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    // struct msghdr.
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
