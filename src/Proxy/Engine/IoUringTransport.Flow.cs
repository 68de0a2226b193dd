using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The octets. A receive request stands for each side and takes buffers as it needs them; what is in a buffer is sent
/// from there. One send is in flight in each direction, the rest of the direction waits in the source's queue.
/// </summary>
internal sealed partial class IoUringTransport
{
    // Beyond this many nothing more is asked for; what one turn brings may come on top.
    private const int MaximumQueued = 4;

    // A bulk sender's segments of 64 KB less headers do not fill the last of four buffers.
    private const int LargeRead = BufferRing.BufferSize * 3 / 4;
    private const ushort MultishotReceive = 2;
    private const uint NoSignal = 0x4000;

    public void Relay(int client)
    {
        ref var side = ref _table.Side(client);
        var backend = side.Partner;
        side.State |= SideState.Relaying;
        _table.Side(backend).State |= SideState.Relaying;
        AddReceive(backend);
        Advance(client);
    }

    private void HandleReceived(int fd, bool isAlive, in RingCompletion completion)
    {
        if (completion.HasBuffer)
            _buffers.Taken();
        if (completion.HasBuffer && (!isAlive || completion.Result <= 0))
            _buffers.Return(completion.Buffer);
        if (!isAlive)
            return;
        ref var side = ref _table.Side(fd);
        if (!completion.HasMore)
            side.Flow &= ~(FlowState.Receiving | FlowState.Paused);
        var length = completion.Result;
        if (length > 0)
            Store(fd, ref side, completion.Buffer, length);
        else if (length == 0)
            End(fd, ref side);
        else if (length == -Errno.NoBufferSpace)
        {
            _buffers.Enlarge();
            side.Streak = 0;
            _starved.Enqueue(RequestTag.Of(RequestKind.Receive, fd, side));
            return;
        }
        else if (length != -Errno.Cancelled && length != -Errno.Interrupted)
            Break(fd, ref side);
        if (side.Has(SideState.Relaying))
            Advance(fd);
        else
            HandleUnrelayed(fd, ref side);
    }

    private void HandleUnrelayed(int client, ref Side side)
    {
        if (side.Has(FlowState.Broken))
        {
            _handler.OnAborted(client);
            return;
        }
        Resume(client);
        _handler.OnFirstOctets(client);
    }

    private void Store(int fd, ref Side side, ushort buffer, int length)
    {
        if (side.Partner >= 0 && _table.Side(side.Partner).Has(FlowState.Broken))
        {
            _buffers.Return(buffer);
            return;
        }
        side.Flow |= FlowState.Fresh;
        BulkRelay.Note(ref side, isFull: length >= LargeRead);
        _queues.Append(ref side.Queue, buffer, length, side.Has(FlowState.Sending));
        if (BulkRelay.IsWanted(side) || side.Queue.Count >= MaximumQueued)
            Pause(fd, ref side);
    }

    private void Pause(int fd, ref Side side)
    {
        const FlowState both = FlowState.Receiving | FlowState.Paused;
        if ((side.Flow & both) != FlowState.Receiving)
            return;
        side.Flow |= FlowState.Paused;
        Cancel(RequestTag.Of(RequestKind.Receive, fd, side));
    }

    private void End(int fd, ref Side side)
    {
        side.State |= SideState.ReadEnded;
        if (side.Has(FlowState.Broken))
            return;
        // No receive will find a reset from here on. The kernel always reports the peer's end, too, and at once: only
        // what comes after it is of interest.
        AddPoll(fd, 0, RequestKind.HangUp).Length = PollMultishot;
    }

    private void HandleSent(RequestTag tag, bool isAlive, int result)
    {
        if (!isAlive)
        {
            _buffers.Return(tag.Buffer);
            return;
        }
        var fd = tag.Descriptor;
        ref var from = ref _table.Side(fd);
        from.Flow &= ~FlowState.Sending;
        _table.Side(from.Partner).Flow &= ~FlowState.Busy;
        if (result > 0)
        {
            _queues.Drop(ref from.Queue, result);
            _handler.OnCarried(ClientOf(fd, from), fd, result);
        }
        else if (result is < 0 and not -Errno.Interrupted)
        {
            FailSink(fd, ref from);
            return;
        }
        Advance(fd);
    }

    // Does for one direction what can be done next.
    private void Advance(int fd)
    {
        ref var from = ref _table.Side(fd);
        if (from.Queue.Count > 0)
        {
            if (!from.Has(FlowState.Sending))
                AddSend(fd, ref from);
            Resume(fd);
        }
        else if (from.Has(FlowState.Broken) && !from.Has(FlowState.Receiving))
            _handler.OnFailed(ClientOf(fd, from), fd, Errno.ConnectionReset);
        else if (from.Has(SideState.ReadEnded))
            PassEnd(fd, ref from);
        else if (from.Has(FlowState.Receiving) || !_bulk.TryStart(fd))
            Resume(fd);
        else
        {
            from.State |= SideState.Readable;
            Pump(fd, ref from);
        }
    }

    // Carries octets of a side that has a pipe.
    private void Pump(int fd, ref Side from)
    {
        var outcome = _bulk.Pump(fd, out var octets);
        if (octets > 0)
        {
            from.Flow |= FlowState.Fresh;
            _handler.OnCarried(ClientOf(fd, from), fd, octets);
        }
        switch (outcome)
        {
            case RelayOutcome.Waiting when _bulk.Holds(from):
                from.Flow |= FlowState.Sending;
                _table.Side(from.Partner).Flow |= FlowState.Busy;
                AddPoll(from.Partner, PollWritable, RequestTag.Of(RequestKind.Writable, fd, from));
                break;
            case RelayOutcome.Waiting:
                from.Flow |= FlowState.Receiving;
                AddPoll(fd, PollReadable, RequestTag.Of(RequestKind.Readable, fd, from));
                break;
            case RelayOutcome.Unfinished:
                _late.Enqueue(RequestTag.Of(RequestKind.Readable, fd, from));
                break;
            case RelayOutcome.Ended:
                End(fd, ref from);
                PassEnd(fd, ref from);
                break;
            case RelayOutcome.SourceFailed:
                _handler.OnFailed(ClientOf(fd, from), fd, Errno.ConnectionReset);
                break;
            case RelayOutcome.SinkFailed:
                _bulk.Stop(ref from);
                FailSink(fd, ref from);
                break;
        }
    }

    // RFC 9293, section 3.6: each direction is closed by itself; the other may go on as long as it likes.
    private void PassEnd(int fd, ref Side from)
    {
        ref var to = ref _table.Side(from.Partner);
        if (to.Has(SideState.WriteEnded) || to.Has(FlowState.Broken))
            return;
        to.State |= SideState.WriteEnded;
        // Closing says the last end.
        if (from.Has(SideState.WriteEnded))
            _handler.OnEnded(ClientOf(fd, from));
        else if (Libc.ShutDown(from.Partner, Libc.ShutdownWrite) < 0)
            FailSink(fd, ref from);
    }

    // A server that answers and resets at once (it did not want the rest) has still answered: what it sent is passed on
    // as far as it is taken at once.
    private void FailSink(int source, ref Side from)
    {
        _queues.Clear(ref from.Queue);
        Break(from.Partner, ref _table.Side(from.Partner));
    }

    private void Break(int fd, ref Side side)
    {
        if (!side.Has(FlowState.Broken))
            _late.Enqueue(RequestTag.Of(RequestKind.Receive, fd, side));
        side.Flow |= FlowState.Broken | FlowState.Fresh;
    }

    // The stream may have lost its pipe.
    private void GoOn(int fd, ref Side side)
    {
        if (side.Pipe != 0)
            Pump(fd, ref side);
        else
            Resume(fd);
    }

    // A broken side whose last octets were not yet taken: as long as they move it is not given up.
    private void HandleLate(RequestTag tag)
    {
        var fd = tag.Descriptor;
        ref var side = ref _table.Side(fd);
        if (!tag.IsFor(side))
            return;
        if (tag.Kind == RequestKind.Readable)
            GoOn(fd, ref side);
        else if (side.Has(FlowState.Fresh))
        {
            side.Flow &= ~FlowState.Fresh;
            _late.Enqueue(tag);
        }
        else
            _handler.OnFailed(ClientOf(fd, side), fd, Errno.ConnectionReset);
    }

    private void HandleHangUp(int fd, ref Side side, in RingCompletion completion)
    {
        if (!completion.HasMore)
            side.Flow &= ~FlowState.Polling;
        if (completion.Result < 0 || ((uint)completion.Result & (PollError | PollHangUp)) == 0)
            return;
        var errno = Libc.TakeError(fd);
        // Both ends alone hang a socket up, too.
        if (errno == 0 && side.Has(SideState.WriteEnded))
            return;
        if (side.Has(SideState.Relaying))
            _handler.OnFailed(ClientOf(fd, side), fd, errno);
        else
            _handler.OnAborted(fd);
    }

    // Asks for more, if there is room and nobody asks. What is to go by a pipe waits until the queue is empty.
    private void Resume(int fd)
    {
        ref var side = ref _table.Side(fd);
        if (side.Queue.Count < MaximumQueued && side.Pipe == 0 && !BulkRelay.IsWanted(side)
            && !side.Has(FlowState.Receiving | FlowState.Broken) && !side.Has(SideState.ReadEnded))
            AddReceive(fd);
    }

    private void AddReceive(int fd)
    {
        ref var side = ref _table.Side(fd);
        side.Flow |= FlowState.Receiving;
        ref var request = ref _ring.Add();
        request.Operation = RingOperation.Receive;
        request.Flags = RequestFlags.BufferSelect;
        request.Priority = MultishotReceive;
        request.Descriptor = fd;
        request.BufferGroup = BufferRing.Group;
        request.UserData = RequestTag.Of(RequestKind.Receive, fd, side).Value;
    }

    private unsafe void AddSend(int fd, ref Side from)
    {
        from.Flow |= FlowState.Sending | FlowState.Fresh;
        _table.Side(from.Partner).Flow |= FlowState.Busy;
        ref var request = ref _ring.Add();
        request.Operation = RingOperation.Send;
        request.Descriptor = from.Partner;
        request.Address = (ulong)_queues.FirstOf(from.Queue, out var length);
        request.Length = (uint)length;
        request.OperationFlags = NoSignal;
        request.UserData = RequestTag.Of(RequestKind.Send, fd, from, from.Queue.First).Value;
    }

    private static int ClientOf(int fd, in Side side) => side.Kind == SideKind.Client ? fd : side.Partner;
}
