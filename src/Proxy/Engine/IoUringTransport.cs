using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The transport for kernels with io_uring: requests stand while nothing happens, and one system call per turn hands
/// over the new ones and collects what came of all. Accepting stays a system call of the policy, because the kernel
/// would accept beyond its limits.
/// </summary>
internal sealed partial class IoUringTransport : ITransport
{
    private const int Requests = 1024;
    private const uint PollReadable = 0x1;
    private const uint PollWritable = 0x4;
    private const uint PollError = 0x8;
    private const uint PollHangUp = 0x10;
    private const uint PollMultishot = 1;
    private const uint CancelAll = 1;
    private const uint CancelByDescriptor = 2;

    private readonly ConnectionTable _table;
    private readonly ITransportHandler _handler;
    private readonly IoUring _ring;
    private readonly BufferRing _buffers;
    private readonly BufferQueues _queues;
    private readonly BulkRelay _bulk;
    private readonly int _wake = Libc.OpenEvent();
    private readonly Queue<RequestTag> _late = new(256);
    private readonly Queue<RequestTag> _starved = new(256);
    private int _completions;

    private IoUringTransport(ConnectionTable table, ITransportHandler handler, IoUring ring, BufferRing buffers)
    {
        _table = table;
        _handler = handler;
        _ring = ring;
        _buffers = buffers;
        _queues = new(buffers);
        _bulk = new(table);
    }

    /// <summary>Opens one; null with the errno when the kernel has no io_uring like this or forbids it.</summary>
    public static IoUringTransport? TryOpen(ConnectionTable table, ITransportHandler handler, out int errno)
    {
        if (IoUring.TryOpen(Requests, out errno) is not { } ring)
            return null;
        if (BufferRing.TryRegister(ring, out errno) is { } buffers)
            return new(table, handler, ring, buffers);
        ring.Dispose();
        return null;
    }

    public void Start()
    {
        _ring.Enable();
        AddPoll(_wake, PollReadable, new RequestTag(RequestKind.Wake, 0, 0, 0));
    }

    public int Wait(int milliseconds)
    {
        _buffers.Provide();
        while (_starved.Count > 0 && _buffers.HasStock)
        {
            var tag = _starved.Dequeue();
            if (tag.IsFor(_table.Side(tag.Descriptor)))
                Resume(tag.Descriptor);
        }
        var late = _late.Count;
        _completions = _ring.Enter(late > 0 ? 0 : milliseconds);
        return _completions + late;
    }

    public void Handle(int index)
    {
        if (index >= _completions)
        {
            HandleLate(_late.Dequeue());
            return;
        }
        var completion = _ring.Take();
        var tag = RequestTag.From(completion.UserData);
        var fd = tag.Descriptor;
        ref var side = ref _table.Side(fd);
        var isAlive = tag.IsFor(side);
        switch (tag.Kind)
        {
            case RequestKind.Receive:
                HandleReceived(fd, isAlive, completion);
                break;
            case RequestKind.Send:
                HandleSent(tag, isAlive, completion.Result);
                break;
            case RequestKind.Readable when isAlive:
                side.Flow &= ~FlowState.Receiving;
                side.State |= SideState.Readable;
                GoOn(fd, ref side);
                break;
            case RequestKind.Writable when isAlive:
                side.Flow &= ~FlowState.Sending;
                _table.Side(side.Partner).Flow &= ~FlowState.Busy;
                Pump(fd, ref side);
                break;
            case RequestKind.Connect when isAlive:
                side.Flow &= ~FlowState.Polling;
                _handler.OnConnected(side.Partner, Libc.TakeError(fd));
                break;
            case RequestKind.Accept when isAlive:
                HandleAcceptable(fd, ref side, completion.Result);
                break;
            case RequestKind.HangUp when isAlive:
                HandleHangUp(fd, ref side, completion);
                break;
            case RequestKind.Wake:
                Libc.ClearEvent(_wake);
                AddPoll(_wake, PollReadable, tag);
                break;
        }
    }

    public void Wake() => Libc.SignalEvent(_wake);

    public void Listen(int listener) => AddPoll(listener, PollReadable, RequestKind.Accept);

    public void Pause(int listener, bool paused)
    {
        ref var side = ref _table.Side(listener);
        if (!paused)
        {
            side.Flow &= ~FlowState.Paused;
            if ((side.Flow & FlowState.Polling) == 0)
                Listen(listener);
            return;
        }
        side.Flow |= FlowState.Paused;
        if ((side.Flow & FlowState.Polling) != 0)
            Cancel(RequestTag.Of(RequestKind.Accept, listener, side));
    }

    public int Watch(int client)
    {
        AddReceive(client);
        return 0;
    }

    public int Peek(int client, Span<byte> octets) => _queues.Copy(_table.Side(client).Queue, octets);

    public void Skip(int client, int count) => _queues.Drop(ref _table.Side(client).Queue, count);

    public int Connect(int backend, bool isConnected)
    {
        if (!isConnected)
            AddPoll(backend, PollWritable, RequestKind.Connect);
        return 0;
    }

    public void Close(int fd, bool reset)
    {
        ref var side = ref _table.Side(fd);
        if (reset)
            Libc.ResetOnClose(fd);
        // A send that is in flight gives its buffer back itself.
        if (side.Has(FlowState.Sending) && side.Queue.Count > 0)
            _queues.RemoveFirst(ref side.Queue);
        _queues.Clear(ref side.Queue);
        _bulk.Stop(ref side);
        // Each request that stands holds the socket open. A receive in the midst of octets is not always found by its
        // tag: a peer then waited for its reset in vain.
        if (side.Has(FlowState.Receiving | FlowState.Busy))
            CancelEverything(fd);
        else if (side.Has(FlowState.Polling))
            Cancel(RequestTag.Of(PolledFor(side), fd, side));
        ref var close = ref _ring.Add();
        close.Operation = RingOperation.Close;
        close.Flags = RequestFlags.NoSuccessReport;
        close.Descriptor = fd;
        var kind = side.Kind;
        _table.Forget(fd);
        // Whoever takes a listener away may want its port at once.
        if (kind == SideKind.Listener)
            _ring.Enter(0);
    }

    public void Dispose()
    {
        _ring.Dispose();
        _bulk.Dispose();
        _buffers.Dispose();
        Libc.CloseDescriptor(_wake);
    }

    // Asked again each time: what the policy leaves in the backlog is reported again.
    private void HandleAcceptable(int listener, ref Side side, int result)
    {
        side.Flow &= ~FlowState.Polling;
        if (result > 0 && !side.Has(FlowState.Paused))
            _handler.OnAcceptable(listener);
        if (side.Kind == SideKind.Listener && !side.Has(FlowState.Paused | FlowState.Polling))
            Listen(listener);
    }

    private ref RingRequest AddPoll(int fd, uint events, RequestKind kind)
    {
        ref var side = ref _table.Side(fd);
        side.Flow |= FlowState.Polling;
        return ref AddPoll(fd, events, RequestTag.Of(kind, fd, side));
    }

    private ref RingRequest AddPoll(int fd, uint events, RequestTag tag)
    {
        ref var request = ref _ring.Add();
        request.Operation = RingOperation.PollAdd;
        request.Descriptor = fd;
        request.OperationFlags = events;
        request.UserData = tag.Value;
        return ref request;
    }

    private static RequestKind PolledFor(in Side side) =>
        side.Kind == SideKind.Listener ? RequestKind.Accept
        : side.Has(SideState.ReadEnded) ? RequestKind.HangUp
        : RequestKind.Connect;

    // Dear: the kernel looks at every request of the ring. A request of which the tag is known is found by that.
    private void CancelEverything(int fd)
    {
        ref var request = ref _ring.Add();
        request.Operation = RingOperation.AsyncCancel;
        request.Flags = RequestFlags.NoSuccessReport;
        request.Descriptor = fd;
        request.OperationFlags = CancelByDescriptor | CancelAll;
    }

    private void Cancel(RequestTag tag)
    {
        ref var request = ref _ring.Add();
        request.Operation = RingOperation.AsyncCancel;
        request.Flags = RequestFlags.NoSuccessReport;
        request.Address = tag.Value;
    }
}
