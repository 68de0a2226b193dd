using System.Runtime.InteropServices;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Where the octets of one direction have got to.</summary>
internal enum RelayOutcome
{
    /// <summary>Nothing more can be done before an event: the source is empty or the sink full.</summary>
    Waiting,

    /// <summary>There may be more at once; others are served first.</summary>
    Unfinished,

    /// <summary>The source's end was passed on.</summary>
    Ended,

    /// <summary>The source's connection is broken (reset).</summary>
    SourceFailed,

    /// <summary>The sink's connection is broken.</summary>
    SinkFailed,
}

/// <summary>
/// Carries octets from one side of a connection to the other, and their end. What the sink does not take is kept, and
/// nothing more is read until it has gone: a slow reader holds one buffer and slows its sender down by TCP's own means.
/// </summary>
internal sealed unsafe class Relay(ConnectionTable table) : IDisposable
{
    /// <summary>How much is read at once, and how much a connection may hold in each direction.</summary>
    public const int BufferSize = 64 * 1024;

    // A turn may serve hundreds of fast streams: each gets little at once, or the others would wait for long.
    private const int ReadsPerTurn = 4;
    private const int SpareBuffers = 32;

    private readonly BulkRelay _bulk = new(table);
    private readonly byte* _scratch = (byte*)NativeMemory.Alloc(BufferSize);
    private readonly nint[] _spares = new nint[SpareBuffers];
    private int _spareCount;

    /// <summary>Carries what there is from <paramref name="source"/> to its partner.</summary>
    /// <param name="source">A side's descriptor.</param>
    /// <param name="octets">How many octets the partner's socket took.</param>
    public RelayOutcome Pump(int source, out long octets)
    {
        ref var from = ref table.Side(source);
        ref var to = ref table.Side(from.Partner);
        octets = 0;
        if (from.Pipe != 0)
        {
            var outcome = _bulk.Pump(source, out octets);
            if (outcome != RelayOutcome.Ended)
                return outcome;
        }
        for (var reads = 0; reads < ReadsPerTurn; reads++)
        {
            if (from.PendingLength > 0 && !TryFlush(ref from, ref octets, out var failed))
                return failed ? RelayOutcome.SinkFailed : RelayOutcome.Waiting;
            if (from.Has(SideState.ReadEnded))
                return PassEnd(from.Partner, ref to);
            if (!from.Has(SideState.Readable))
                return RelayOutcome.Waiting;
            if (_bulk.TryStart(source))
                return RelayOutcome.Unfinished;
            var received = Libc.Receive(source, _scratch, BufferSize);
            if (received > 0)
            {
                BulkRelay.Note(ref from, isFull: received == BufferSize);
                // After a short read the socket was empty, unless the end stands behind: that raised its edge already.
                if (received < BufferSize && !from.Has(SideState.Ending))
                    from.State &= ~SideState.Readable;
                if (!TrySend(ref from, received, ref octets))
                    return RelayOutcome.SinkFailed;
            }
            else if (received == 0)
                from.State |= SideState.ReadEnded;
            else if (received == -Errno.TryAgain)
                from.State &= ~SideState.Readable;
            else if (received != -Errno.Interrupted)
                return RelayOutcome.SourceFailed;
        }
        return RelayOutcome.Unfinished;
    }

    /// <summary>Receives octets of a source and drops them.</summary>
    /// <param name="source">A side's descriptor.</param>
    /// <param name="count">No more than there are.</param>
    public void Drop(int source, int count)
    {
        while (count > 0 && Libc.Receive(source, _scratch, Math.Min(count, BufferSize)) is > 0 and var received)
            count -= received;
    }

    /// <summary>Whether a side holds octets that its partner's socket did not take.</summary>
    public bool Holds(in Side side) => side.PendingLength > 0 || _bulk.Holds(side);

    /// <summary>Drops what a side holds.</summary>
    public void Discard(ref Side side)
    {
        _bulk.Stop(ref side);
        if (side.Pending == null)
            return;
        if (_spareCount < SpareBuffers)
            _spares[_spareCount++] = (nint)side.Pending;
        else
            NativeMemory.Free(side.Pending);
        side.Pending = null;
        side.PendingLength = 0;
    }

    public void Dispose()
    {
        _bulk.Dispose();
        NativeMemory.Free(_scratch);
        while (_spareCount > 0)
            NativeMemory.Free((void*)_spares[--_spareCount]);
    }

    // RFC 9293, section 3.6: each direction is closed by itself; the other may go on as long as it likes.
    private static RelayOutcome PassEnd(int sink, ref Side to)
    {
        if (to.Has(SideState.WriteEnded))
            return RelayOutcome.Ended;
        to.State |= SideState.WriteEnded;
        return Libc.ShutDown(sink, Libc.ShutdownWrite) < 0 ? RelayOutcome.SinkFailed : RelayOutcome.Ended;
    }

    private bool TrySend(ref Side from, int length, ref long octets)
    {
        var sent = SendAll(from.Partner, _scratch, length);
        if (sent < 0)
            return false;
        octets += sent;
        if (sent < length)
        {
            from.Pending = TakeBuffer();
            from.PendingStart = 0;
            from.PendingLength = length - sent;
            new ReadOnlySpan<byte>(_scratch + sent, length - sent).CopyTo(new(from.Pending, BufferSize));
        }
        return true;
    }

    private bool TryFlush(ref Side from, ref long octets, out bool failed)
    {
        var sent = SendAll(from.Partner, from.Pending + from.PendingStart, from.PendingLength);
        failed = sent < 0;
        if (failed)
            return false;
        octets += sent;
        from.PendingStart += sent;
        from.PendingLength -= sent;
        if (from.PendingLength > 0)
            return false;
        Discard(ref from);
        return true;
    }

    // Until the socket is full: only a refused octet makes the kernel report when there is room again.
    private static int SendAll(int fd, byte* octets, int length)
    {
        var done = 0;
        while (done < length)
        {
            var sent = Libc.Send(fd, octets + done, length - done);
            if (sent == -Errno.TryAgain)
                break;
            if (sent < 0 && sent != -Errno.Interrupted)
                return sent;
            done += Math.Max(sent, 0);
        }
        return done;
    }

    private byte* TakeBuffer() =>
        _spareCount > 0 ? (byte*)_spares[--_spareCount] : (byte*)NativeMemory.Alloc(BufferSize);
}
