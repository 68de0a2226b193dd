using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine;

/// <summary>What a descriptor of a loop is.</summary>
internal enum SideKind : byte
{
    None,
    Listener,
    Client,
    Backend,
}

/// <summary>What is known about one side of a connection.</summary>
[Flags]
internal enum SideState : byte
{
    None = 0,

    /// <summary>There may be octets, an end or an error that no receive call has found yet.</summary>
    Readable = 1,

    /// <summary>
    /// The end or an error is on its way behind the octets, and its edge is used up: a short read is not the last.
    /// </summary>
    Ending = 2,

    /// <summary>This side has sent all that it will send.</summary>
    ReadEnded = 4,

    /// <summary>The other side's end was passed on to this one.</summary>
    WriteEnded = 8,

    /// <summary>It waits in the loop's queue of sides with more to read.</summary>
    Queued = 16,

    /// <summary>It has a partner, and octets pass between the two.</summary>
    Relaying = 32,
}

/// <summary>What io_uring's transport knows of a side.</summary>
[Flags]
internal enum FlowState : byte
{
    None = 0,

    /// <summary>A receive request stands.</summary>
    Receiving = 1,

    /// <summary>A poll request stands.</summary>
    Polling = 2,

    /// <summary>A send of the queue's first buffer is in flight, to the partner.</summary>
    Sending = 4,

    /// <summary>A send to this side is in flight.</summary>
    Busy = 8,

    /// <summary>The standing request is being cancelled, or must not be made.</summary>
    Paused = 16,

    /// <summary>Its connection is broken (reset).</summary>
    Broken = 32,

    /// <summary>Octets have moved from it since this was last looked at.</summary>
    Fresh = 64,
}

/// <summary>One side of a connection: its socket, and what was read from it and not yet written to the other.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal unsafe struct Side
{
    /// <summary>epoll: octets read here that the partner's socket did not take; null when there are none.</summary>
    [FieldOffset(0)]
    public byte* Pending;

    [FieldOffset(8)]
    public int PendingStart;

    [FieldOffset(12)]
    public int PendingLength;

    /// <summary>io_uring: the same.</summary>
    [FieldOffset(0)]
    public BufferQueue Queue;

    /// <summary>Grows when the descriptor is closed: events that name an older one are for its predecessor.</summary>
    [FieldOffset(16)]
    public uint Generation;

    /// <summary>The other side's descriptor; -1 while there is none.</summary>
    [FieldOffset(20)]
    public int Partner;

    [FieldOffset(24)]
    public SideKind Kind;

    [FieldOffset(25)]
    public SideState State;

    [FieldOffset(26)]
    public FlowState Flow;

    /// <summary>How many reads in a row spoke for another way of carrying its octets.</summary>
    [FieldOffset(27)]
    public byte Streak;

    /// <summary>The pipe by which its octets go to the partner; 0: none.</summary>
    [FieldOffset(28)]
    public ushort Pipe;

    public readonly bool Has(SideState state) => (State & state) != 0;

    public readonly bool Has(FlowState state) => (Flow & state) != 0;
}

internal enum ConnectionPhase : byte
{
    None,

    /// <summary>It comes from this node and has sent nothing yet: no backend is asked.</summary>
    Waiting,

    /// <summary>What it must begin with has not come whole.</summary>
    Prologue,
    Connecting,

    /// <summary>Every backend is full: it waits for one that is not.</summary>
    Queued,
    Relaying,
}

/// <summary>What concerns both sides of a connection; found by the client's descriptor.</summary>
internal unsafe struct Connection
{
    /// <summary>Loop time, in ms, at which it was accepted.</summary>
    public long AcceptedAt;

    /// <summary>Loop time, in ms, at which octets last moved.</summary>
    public long LastActivity;

    /// <summary>
    /// Timestamp of the clock at which the present attempt to connect was begun; once it is established, at which the
    /// client last sent before the backend's first octet.
    /// </summary>
    public long AttemptStarted;

    /// <summary>The backend's generation at that time.</summary>
    public ulong BackendGeneration;

    /// <summary>Where the client is.</summary>
    public PeerAddress Peer;

    /// <summary>Its neighbours in the loop's list, by the client's descriptor; -1 at the ends.</summary>
    public int Next;
    public int Previous;
    public ushort ListenerSlot;

    /// <summary>The backend of the present attempt; its count holds this connection while Phase is not None.</summary>
    public ushort BackendSlot;
    public ConnectionPhase Phase;
    /// <summary>How many of the client's first octets are a header for us, and not for the backend.</summary>
    public ushort HeaderLength;
    public bool HasBackend;

    /// <summary>Its source is the listener's own address.</summary>
    public bool IsLocal;

    /// <summary>Whether the backend has sent anything.</summary>
    public bool BackendSpoke;

    /// <summary>Whether the client has sent anything that was passed on.</summary>
    public bool ClientSpoke;

    /// <summary>One side was seen to have ended.</summary>
    public bool IsHalfClosed;

    /// <summary>The version of the table of sources that counts it; 0: none does.</summary>
    public byte SourceVersion;
    public byte Attempts;

    /// <summary>What the present backend expects before the client's octets.</summary>
    public Balancing.SentHeader SentHeader;

    /// <summary>Slots of the backends on which it was tried, <see cref="Attempts"/> of them.</summary>
    public fixed ushort Tried[MaximumAttempts];

    public const int MaximumAttempts = Balancing.PoolSpec.MaximumRetries + 1;
}
