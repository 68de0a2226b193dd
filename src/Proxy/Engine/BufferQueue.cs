using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Octets that lie in buffers of a ring, in order; empty when all is zero.</summary>
internal struct BufferQueue
{
    public ushort First;
    public ushort Last;

    /// <summary>Where the first buffer's octets begin.</summary>
    public ushort Start;

    /// <summary>How many buffers there are.</summary>
    public ushort Count;
}

/// <summary>The queues over one ring's buffers.</summary>
internal sealed unsafe class BufferQueues(BufferRing buffers)
{
    private readonly ushort[] _next = new ushort[BufferRing.MaximumBuffers];
    private readonly ushort[] _ends = new ushort[BufferRing.MaximumBuffers];

    /// <summary>Puts a buffer at the end.</summary>
    /// <param name="queue">Takes over the buffer.</param>
    /// <param name="buffer">Its octets begin at 0.</param>
    /// <param name="length">How many there are.</param>
    /// <param name="firstIsFixed">The kernel is reading the first buffer: nothing may be put into it.</param>
    public void Append(ref BufferQueue queue, ushort buffer, int length, bool firstIsFixed)
    {
        var last = queue.Last;
        if (queue.Count > (firstIsFixed ? 1 : 0) && _ends[last] + length <= BufferRing.BufferSize)
        {
            // Small pieces would otherwise hold a buffer each.
            new ReadOnlySpan<byte>(buffers[buffer], length)
                .CopyTo(new(buffers[last] + _ends[last], BufferRing.BufferSize - _ends[last]));
            _ends[last] += (ushort)length;
            buffers.Return(buffer);
            return;
        }
        _ends[buffer] = (ushort)length;
        if (queue.Count++ == 0)
            (queue.First, queue.Start) = (buffer, 0);
        else
            _next[last] = buffer;
        queue.Last = buffer;
    }

    /// <summary>The first buffer's octets.</summary>
    public byte* FirstOf(in BufferQueue queue, out int length)
    {
        length = _ends[queue.First] - queue.Start;
        return buffers[queue.First] + queue.Start;
    }

    /// <summary>Copies the octets from the first on, as far as there is room.</summary>
    public int Copy(in BufferQueue queue, Span<byte> octets)
    {
        var copied = 0;
        var (buffer, start) = (queue.First, (int)queue.Start);
        for (var i = 0; i < queue.Count && copied < octets.Length; i++)
        {
            var length = Math.Min(_ends[buffer] - start, octets.Length - copied);
            new ReadOnlySpan<byte>(buffers[buffer] + start, length).CopyTo(octets[copied..]);
            copied += length;
            (buffer, start) = (_next[buffer], 0);
        }
        return copied;
    }

    /// <summary>Drops octets from the first on; no more than there are.</summary>
    public void Drop(ref BufferQueue queue, int count)
    {
        while (count > 0)
        {
            FirstOf(queue, out var length);
            if (count < length)
            {
                queue.Start += (ushort)count;
                return;
            }
            count -= length;
            buffers.Return(RemoveFirst(ref queue));
        }
    }

    /// <summary>Takes the first buffer out; it is the caller's.</summary>
    public ushort RemoveFirst(ref BufferQueue queue)
    {
        var first = queue.First;
        queue = --queue.Count == 0
            ? default
            : queue with { First = _next[first], Start = 0 };
        return first;
    }

    public void Clear(ref BufferQueue queue)
    {
        while (queue.Count > 0)
            buffers.Return(RemoveFirst(ref queue));
    }
}
