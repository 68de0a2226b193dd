using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// Carries octets through a pipe, without copying them into this process: for streams that fill whole reads. A pipe
/// costs two descriptors and a small read wakes us no less, so a stream that becomes small goes back, and one that is
/// silent loses its pipe to another that needs one. One per loop.
/// </summary>
internal sealed class BulkRelay(ConnectionTable table) : IDisposable
{
    private const int PipeSize = 1024 * 1024;
    private const int MaximumPipes = 64;

    // So many full reads in a row make a stream bulk; so many small ones end that.
    private const int Persistence = 8;
    private const int SmallRead = 8 * 1024;

    private readonly PipeState[] _pipes = new PipeState[MaximumPipes + 1];
    private readonly Stack<ushort> _idle = new(MaximumPipes);
    private ushort _made;

    /// <summary>Notes a read of a side that has no pipe.</summary>
    /// <param name="side">Where it was read.</param>
    /// <param name="isFull">It filled its buffer.</param>
    public static void Note(ref Side side, bool isFull) => Count(ref side, isFull);

    /// <summary>Whether a side without a pipe is to be put on one, once it holds nothing.</summary>
    public static bool IsWanted(in Side side) => side.Streak == Persistence;

    /// <summary>Puts a side whose reads were all full on a pipe, if there is one.</summary>
    /// <param name="source">It holds no octets.</param>
    /// <returns>Whether it is to be pumped from here on.</returns>
    public bool TryStart(int source)
    {
        ref var side = ref table.Side(source);
        if (!IsWanted(side))
            return false;
        side.Streak = 0;
        if (!TryTake(out side.Pipe))
            return false;
        _pipes[side.Pipe].Source = source;
        return true;
    }

    /// <summary>Whether octets of a side lie in its pipe.</summary>
    public bool Holds(in Side side) => _pipes[side.Pipe].Length > 0;

    /// <summary>Carries what there is, a pipe's fill at most.</summary>
    /// <param name="source">It has a pipe. When it has none afterwards, it is to be carried otherwise.</param>
    /// <param name="octets">How many octets the partner's socket took.</param>
    /// <returns>Ended: the source's end was read and all before it was passed on; the end was not.</returns>
    public RelayOutcome Pump(int source, out long octets)
    {
        ref var from = ref table.Side(source);
        ref var pipe = ref _pipes[from.Pipe];
        octets = 0;
        if (pipe.Length == 0)
        {
            if (!from.Has(SideState.Readable))
                return RelayOutcome.Waiting;
            var received = Libc.Splice(source, pipe.Input, PipeSize);
            if (received == -Errno.TryAgain)
            {
                from.State &= ~SideState.Readable;
                return RelayOutcome.Waiting;
            }
            if (received <= 0)
                return FailOrEnd(ref from, received);
            pipe.Length = received;
            Count(ref from, received < SmallRead);
        }
        var outcome = Drain(from.Partner, ref pipe, ref octets);
        if (outcome == RelayOutcome.Unfinished && from.Streak >= Persistence)
            Stop(ref from);
        return outcome;
    }

    /// <summary>Takes a side off its pipe, if it has one; what lies there is dropped.</summary>
    public void Stop(ref Side side)
    {
        if (side.Pipe == 0)
            return;
        ref var pipe = ref _pipes[side.Pipe];
        if (pipe.Length > 0)
        {
            pipe.Close();
            pipe = default;
        }
        _idle.Push(side.Pipe);
        (side.Pipe, side.Streak) = (0, 0);
    }

    public void Dispose()
    {
        foreach (var pipe in _pipes)
            pipe.Close();
    }

    private RelayOutcome FailOrEnd(ref Side from, int received)
    {
        if (received == -Errno.Interrupted)
            return RelayOutcome.Unfinished;
        Stop(ref from);
        if (received < 0)
            return RelayOutcome.SourceFailed;
        from.State |= SideState.ReadEnded;
        return RelayOutcome.Ended;
    }

    private static void Count(ref Side side, bool speaksForChange) =>
        side.Streak = speaksForChange ? (byte)Math.Min(side.Streak + 1, Persistence) : (byte)0;

    private static RelayOutcome Drain(int sink, ref PipeState pipe, ref long octets)
    {
        while (pipe.Length > 0)
        {
            var sent = Libc.Splice(pipe.Output, sink, pipe.Length);
            if (sent == -Errno.TryAgain)
                return RelayOutcome.Waiting;
            if (sent < 0 && sent != -Errno.Interrupted)
                return RelayOutcome.SinkFailed;
            sent = Math.Max(sent, 0);
            octets += sent;
            pipe.Length -= sent;
        }
        return RelayOutcome.Unfinished;
    }

    private bool TryTake(out ushort pipe)
    {
        if (!_idle.TryPop(out pipe) && !TryTakeFromSilent(out pipe) && _made < MaximumPipes)
            pipe = ++_made;
        if (pipe == 0 || _pipes[pipe].IsOpen || _pipes[pipe].TryOpen(PipeSize))
            return pipe != 0;
        _idle.Push(pipe);
        pipe = 0;
        return false;
    }

    // Nothing lies in its pipe, and it had nothing more to read.
    private bool TryTakeFromSilent(out ushort pipe)
    {
        for (pipe = _made; pipe > 0 && _made == MaximumPipes; pipe--)
        {
            ref var side = ref table.Side(_pipes[pipe].Source);
            if (side.Pipe != pipe || _pipes[pipe].Length > 0 || side.Has(SideState.Readable))
                continue;
            (side.Pipe, side.Streak) = (0, 0);
            return true;
        }
        pipe = 0;
        return false;
    }

    private struct PipeState
    {
        /// <summary>The side whose octets it carries.</summary>
        public int Source;

        public int Output;
        public int Input;

        /// <summary>Octets in it.</summary>
        public int Length;

        public readonly bool IsOpen => Input != 0;

        public bool TryOpen(int size)
        {
            if (Libc.OpenPipe(out Output, out Input) < 0)
            {
                this = default;
                return false;
            }
            // Beyond fs.pipe-max-size, or fs.pipe-user-pages-soft, it stays as small as the kernel made it.
            Libc.SetPipeSize(Input, size);
            return true;
        }

        public readonly void Close()
        {
            if (!IsOpen)
                return;
            Libc.CloseDescriptor(Output);
            Libc.CloseDescriptor(Input);
        }
    }
}
