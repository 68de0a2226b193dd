using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The state of every connection, in unmanaged memory indexed by descriptor. Descriptors belong to the process, so all
/// loops share the table; an entry is used only by the loop that holds the descriptor. The memory is reserved whole and
/// becomes real page by page, as descriptors are used.
/// </summary>
internal sealed unsafe class ConnectionTable(int capacity) : IDisposable
{
    private readonly Side* _sides = Reserve<Side>(capacity);
    private readonly Connection* _connections = Reserve<Connection>(capacity);

    /// <summary>Descriptors from here on cannot be used.</summary>
    public int Capacity => capacity;

    /// <summary>One timer for each connection, by the client's descriptor.</summary>
    public TimerNode* Timers { get; } = Reserve<TimerNode>(capacity);

    public ref Side Side(int fd) => ref _sides[fd];

    public ref Connection Connection(int client) => ref _connections[client];

    /// <summary>Names a descriptor in its present life.</summary>
    public ulong TokenOf(int fd) => (ulong)_sides[fd].Generation << 32 | (uint)fd;

    /// <summary>The descriptor that a token names; false when that has been closed since.</summary>
    public bool TryFind(ulong token, out int fd)
    {
        fd = (int)(uint)token;
        return _sides[fd].Generation == (uint)(token >> 32) && _sides[fd].Kind != SideKind.None;
    }

    /// <summary>Begins a descriptor's life in the table.</summary>
    public ref Side Open(int fd, SideKind kind, int partner = -1)
    {
        ref var side = ref _sides[fd];
        side = new() { Generation = side.Generation, Kind = kind, Partner = partner };
        return ref side;
    }

    /// <summary>Ends it, before the descriptor itself is closed: from then on it may be another loop's.</summary>
    public void Forget(int fd)
    {
        _sides[fd].Kind = SideKind.None;
        _sides[fd].Generation++;
    }

    public void Dispose()
    {
        NativeMemory.Free(_sides);
        NativeMemory.Free(_connections);
        NativeMemory.Free(Timers);
    }

    private static T* Reserve<T>(int count)
        where T : unmanaged => (T*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(T));
}
