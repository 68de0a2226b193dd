using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>
/// Buffers that the kernel takes for what it receives, in the order in which they were provided. There are as many as
/// are in use and a stock beside them; the stock doubles when the kernel runs out.
/// </summary>
internal sealed unsafe class BufferRing : IDisposable
{
    /// <summary>Octets of one buffer.</summary>
    public const int BufferSize = 16 * 1024;

    /// <summary>The number by which requests name the ring.</summary>
    public const ushort Group = 0;

    /// <summary>There are at most this many, in use and in stock.</summary>
    public const int MaximumBuffers = 32 * 1024;

    // A cache line more than a power of two: all buffers' beginnings would otherwise share a few lines of the cache,
    // and most messages are no longer than that beginning.
    private const int Stride = BufferSize + 64;

    private const int RegisterBufferRing = 22;
    private const int Entries = 4096;
    private const int FirstStock = 64;

    private readonly SharedMemory _ring;
    private readonly SharedMemory _buffers;
    private readonly ushort[] _free = new ushort[MaximumBuffers];
    private int _freeCount;
    private int _made;
    private int _stock = FirstStock;
    private int _provided;
    private ushort _tail;
    private bool _ranOut;

    private BufferRing(SharedMemory ring, SharedMemory buffers)
    {
        _ring = ring;
        _buffers = buffers;
    }

    /// <summary>Whether the kernel has buffers.</summary>
    public bool HasStock => _provided > 0;

    /// <summary>Registers an empty ring; null with the errno when that cannot be.</summary>
    public static BufferRing? TryRegister(IoUring owner, out int errno)
    {
        errno = Errno.OutOfMemory;
        var ring = SharedMemory.Reserve((nuint)(Entries * sizeof(Entry)));
        var buffers = SharedMemory.Reserve((nuint)MaximumBuffers * Stride);
        if (ring is not null && buffers is not null)
        {
            var request = new Registration { Ring = (ulong)ring.Start, Entries = Entries, Group = Group };
            errno = -Libc.RegisterWithRing(owner.Descriptor, RegisterBufferRing, &request, 1);
            if (errno == 0)
                return new(ring, buffers);
        }
        ring?.Dispose();
        buffers?.Dispose();
        return null;
    }

    public byte* this[ushort buffer] => _buffers.Start + buffer * (nint)Stride;

    /// <summary>Notes that the kernel took one, which is ours now.</summary>
    public void Taken() => _provided--;

    /// <summary>Takes one that the kernel does not have; false when there is none.</summary>
    public bool TryTake(out ushort buffer)
    {
        buffer = 0;
        if (_freeCount == 0 && _made == MaximumBuffers)
            return false;
        buffer = _freeCount > 0 ? _free[--_freeCount] : (ushort)_made++;
        return true;
    }

    /// <summary>Gives a buffer back.</summary>
    public void Return(ushort buffer) => _free[_freeCount++] = buffer;

    /// <summary>The kernel had none when it needed one.</summary>
    public void Enlarge() => _ranOut = true;

    /// <summary>Fills the kernel's stock up.</summary>
    public void Provide()
    {
        if (_ranOut)
            (_stock, _ranOut) = (Math.Min(2 * _stock, Entries), false);
        if (_provided == _stock)
            return;
        var entries = (Entry*)_ring.Start;
        while (_provided < _stock && TryTake(out var buffer))
        {
            // Not the whole entry: the ring's tail lies in the first one (struct io_uring_buf_ring).
            var entry = entries + (_tail++ & (Entries - 1));
            entry->Address = (ulong)this[buffer];
            entry->Length = BufferSize;
            entry->Buffer = buffer;
            _provided++;
        }
        Volatile.Write(ref entries->Tail, _tail);
    }

    /// <summary>After the ring that it is registered with was closed.</summary>
    public void Dispose()
    {
        _ring.Dispose();
        _buffers.Dispose();
    }

    // struct io_uring_buf
    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public ulong Address;
        public uint Length;
        public ushort Buffer;
        public ushort Tail;
    }

    // struct io_uring_buf_reg
    private struct Registration
    {
        public ulong Ring;
        public uint Entries;
        public ushort Group;
        public ushort Flags;
        public fixed ulong Reserved[3];
    }
}
