namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>A mapping of memory, page by page real once it is touched.</summary>
internal sealed unsafe class SharedMemory : IDisposable
{
    private readonly nuint _size;

    private SharedMemory(byte* start, nuint size)
    {
        Start = start;
        _size = size;
    }

    public byte* Start { get; }

    /// <summary>Maps what a descriptor stands for, shared with the kernel; null when that cannot be.</summary>
    public static SharedMemory? Map(int fd, nint offset, nuint size) => Of(Libc.MapShared(fd, offset, size), size);

    /// <summary>Maps zeroed memory of our own; null when that cannot be.</summary>
    public static SharedMemory? Reserve(nuint size) => Of(Libc.MapPrivate(size), size);

    /// <summary>The word at an offset in octets.</summary>
    public uint* WordAt(uint offset) => (uint*)(Start + offset);

    public void Dispose() => Libc.Unmap(Start, _size);

    private static SharedMemory? Of(byte* start, nuint size) => start is null ? null : new(start, size);
}
