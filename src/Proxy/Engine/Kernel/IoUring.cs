using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>An operation of io_uring (enum io_uring_op, linux/io_uring.h).</summary>
internal enum RingOperation : byte
{
    PollAdd = 6,
    AsyncCancel = 14,
    Close = 19,
    Read = 22,
    Send = 26,
    Receive = 27,
}

/// <summary>Flags of a request (IOSQE_*).</summary>
[Flags]
internal enum RequestFlags : byte
{
    None = 0,
    BufferSelect = 1 << 5,
    NoSuccessReport = 1 << 6,
}

/// <summary>A request: struct io_uring_sqe. Fields that no operation here uses have no name.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct RingRequest
{
    [FieldOffset(0)]
    public RingOperation Operation;

    [FieldOffset(1)]
    public RequestFlags Flags;

    /// <summary>Flags of receiving (IORING_RECV_*).</summary>
    [FieldOffset(2)]
    public ushort Priority;

    [FieldOffset(4)]
    public int Descriptor;

    /// <summary>A buffer, or the user data of the requests to be cancelled.</summary>
    [FieldOffset(16)]
    public ulong Address;

    /// <summary>The buffer's length, or flags of polling (IORING_POLL_*).</summary>
    [FieldOffset(24)]
    public uint Length;

    /// <summary>Flags of the operation: MSG_* of sending, events of polling, IORING_ASYNC_CANCEL_*.</summary>
    [FieldOffset(28)]
    public uint OperationFlags;

    [FieldOffset(32)]
    public ulong UserData;

    [FieldOffset(40)]
    public ushort BufferGroup;
}

/// <summary>What came of a request: struct io_uring_cqe.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct RingCompletion
{
    private const uint HasBufferFlag = 1;
    private const uint MoreFlag = 2;
    private const int BufferShift = 16;

    public readonly ulong UserData;

    /// <summary>What the system call would have answered: a result or -errno.</summary>
    public readonly int Result;

    private readonly uint _flags;

    /// <summary>Whether the request goes on and will report again.</summary>
    public bool HasMore => (_flags & MoreFlag) != 0;

    /// <summary>Whether the kernel took a provided buffer for it.</summary>
    public bool HasBuffer => (_flags & HasBufferFlag) != 0;

    public ushort Buffer => (ushort)(_flags >> BufferShift);
}

/// <summary>
/// An io_uring instance: requests are written into memory that the kernel shares, and one system call hands over all
/// of them and waits for what has come of earlier ones. Opened by any thread, used by the one that enables it.
/// </summary>
internal sealed unsafe class IoUring : IDisposable
{
    private const uint CompletionSize = 1 << 3;
    private const uint StartDisabled = 1 << 6;
    private const uint SubmitAll = 1 << 7;
    private const uint CooperativeTaskRun = 1 << 8;
    private const uint SingleIssuer = 1 << 12;
    private const uint DeferTaskRun = 1 << 13;
    private const uint GetEvents = 1;
    private const uint ExtendedArgument = 1 << 3;
    private const int EnableRings = 12;
    private const nint SubmissionOffset = 0;
    private const nint RequestsOffset = 0x10000000;
    private const int CompletionsPerRequest = 8;

    // Both know multishot receive and provided-buffer rings, because a kernel that knows SINGLE_ISSUER (6.0) has them.
    // The first runs what follows from a packet only when we ask, the second whenever we enter the kernel.
    private static readonly uint[] Modes = [SingleIssuer | DeferTaskRun, SingleIssuer | CooperativeTaskRun];

    private readonly int _fd;
    private readonly SharedMemory _rings;
    private readonly SharedMemory _requestMemory;
    private readonly RingRequest* _requests;
    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint _submissionMask;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _completionMask;
    private readonly RingCompletion* _completions;
    private uint _tail;

    private IoUring(int fd, in RingParameters parameters, SharedMemory rings, SharedMemory requests)
    {
        _fd = fd;
        _rings = rings;
        _requestMemory = requests;
        _requests = (RingRequest*)requests.Start;
        var submission = parameters.Submission;
        _submissionHead = rings.WordAt(submission.Head);
        _submissionTail = rings.WordAt(submission.Tail);
        _submissionMask = *rings.WordAt(submission.RingMask);
        // Entry n always stands in place n.
        for (var i = 0u; i <= _submissionMask; i++)
            rings.WordAt(submission.Array)[i] = i;
        var completion = parameters.Completion;
        _completionHead = rings.WordAt(completion.Head);
        _completionTail = rings.WordAt(completion.Tail);
        _completionMask = *rings.WordAt(completion.RingMask);
        _completions = (RingCompletion*)rings.WordAt(completion.Completions);
    }

    /// <summary>The ring's own descriptor.</summary>
    public int Descriptor => _fd;

    /// <summary>Opens a ring that is not enabled yet.</summary>
    /// <param name="entries">Requests that may wait to be handed over; a power of two.</param>
    /// <param name="errno">Why there is none.</param>
    public static IoUring? TryOpen(int entries, out int errno)
    {
        errno = 0;
        foreach (var mode in Modes)
        {
            var parameters = new RingParameters
            {
                Flags = mode | StartDisabled | SubmitAll | CompletionSize,
                CompletionEntries = (uint)(entries * CompletionsPerRequest),
            };
            var fd = Libc.OpenRing(entries, &parameters);
            if (fd < 0)
            {
                errno = -fd;
                continue;
            }
            // Kernels that know these modes keep both rings in one mapping (IORING_FEAT_SINGLE_MMAP).
            var ringSize = Math.Max(
                parameters.Submission.Array + parameters.SubmissionEntries * sizeof(uint),
                parameters.Completion.Completions + parameters.CompletionEntries * (uint)sizeof(RingCompletion));
            var rings = SharedMemory.Map(fd, SubmissionOffset, ringSize);
            var requests = SharedMemory.Map(
                fd, RequestsOffset, parameters.SubmissionEntries * (uint)sizeof(RingRequest));
            if (rings is not null && requests is not null)
                return new(fd, parameters, rings, requests);
            errno = Errno.OutOfMemory;
            rings?.Dispose();
            requests?.Dispose();
            Libc.CloseDescriptor(fd);
            break;
        }
        return null;
    }

    /// <summary>Makes the calling thread the one that may use the ring: 0 or -errno.</summary>
    public int Enable() => Libc.RegisterWithRing(_fd, EnableRings, null, 0);

    /// <summary>The next request, all zero, to be handed over by the next <see cref="Enter"/>.</summary>
    public ref RingRequest Add()
    {
        if (_tail - Volatile.Read(ref *_submissionHead) > _submissionMask)
            Submit();
        ref var request = ref _requests[_tail++ & _submissionMask];
        request = default;
        return ref request;
    }

    /// <summary>Hands over all requests and waits for a completion.</summary>
    /// <param name="milliseconds">At most this long; 0 not at all, -1 without end.</param>
    /// <returns>How many completions there are.</returns>
    public int Enter(int milliseconds)
    {
        Volatile.Write(ref *_submissionTail, _tail);
        var time = stackalloc long[] { milliseconds / 1000, milliseconds % 1000 * 1_000_000L };
        var argument = new WaitArgument { Time = milliseconds > 0 ? (ulong)time : 0 };
        Libc.EnterRing(
            _fd, Unsubmitted, milliseconds == 0 ? 0u : 1u, GetEvents | ExtendedArgument, &argument,
            sizeof(WaitArgument));
        return (int)(Volatile.Read(ref *_completionTail) - *_completionHead);
    }

    /// <summary>Takes the oldest completion.</summary>
    public RingCompletion Take()
    {
        var head = *_completionHead;
        var completion = _completions[head & _completionMask];
        Volatile.Write(ref *_completionHead, head + 1);
        return completion;
    }

    public void Dispose()
    {
        _rings.Dispose();
        _requestMemory.Dispose();
        Libc.CloseDescriptor(_fd);
    }

    private uint Unsubmitted => _tail - Volatile.Read(ref *_submissionHead);

    // The kernel always takes at least one, or there is no memory at all for it: it is asked again.
    private void Submit()
    {
        Volatile.Write(ref *_submissionTail, _tail);
        while (Unsubmitted > _submissionMask)
            Libc.EnterRing(_fd, Unsubmitted, 0, 0, null, 0);
    }

    // struct io_uring_getevents_arg
    private struct WaitArgument
    {
        public ulong SignalMask;
        public ulong SignalMaskSize;
        public ulong Time;
    }
}

/// <summary>struct io_uring_params</summary>
internal unsafe struct RingParameters
{
    public uint SubmissionEntries;
    public uint CompletionEntries;
    public uint Flags;
    public fixed uint Unused[7];
    public SubmissionOffsets Submission;
    public CompletionOffsets Completion;

    /// <summary>struct io_sqring_offsets</summary>
    public struct SubmissionOffsets
    {
        public uint Head;
        public uint Tail;
        public uint RingMask;
        public uint RingEntries;
        public uint Flags;
        public uint Dropped;
        public uint Array;
        public uint Reserved;
        public ulong UserAddress;
    }

    /// <summary>struct io_cqring_offsets</summary>
    public struct CompletionOffsets
    {
        public uint Head;
        public uint Tail;
        public uint RingMask;
        public uint RingEntries;
        public uint Overflow;
        public uint Completions;
        public uint Flags;
        public uint Reserved;
        public ulong UserAddress;
    }
}
