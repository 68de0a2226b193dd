using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>What all loops of an engine use together.</summary>
internal sealed class Shared(int descriptors, int observations, TimeProvider clock) : IDisposable
{
    // Epoll instances, listeners, the API's connections and files: what is no client's and no backend's.
    private const int ReservedDescriptors = 256;

    private int _maxConnections = Ceiling(descriptors);

    public required int Loops { get; init; }

    public TimeProvider Clock => clock;

    /// <summary>What the loops shall use.</summary>
    public TransportKind Transport { get; init; }

    /// <summary>The time, counted as the loops count it.</summary>
    public TimeSpan Now => clock.GetElapsedTime(0);

    public ConnectionTable Table { get; } = new(descriptors);

    public SlotTable<ListenerEntry> Listeners { get; } = new();

    public SlotTable<BackendEntry> Backends { get; } = new();

    public ObservationQueue Observations { get; } = new(observations);

    public Gauge Connections { get; } = new();

    /// <summary>One for each loop, by its index.</summary>
    public AdmissionBox[] Admissions { get; } = new AdmissionBox[ProxyEngine.MaximumLoops];

    /// <summary>Ends a connection's count on a backend: whoever waits for it gets it.</summary>
    public void Release(BackendEntry backend)
    {
        backend.Connections.Release();
        if (backend.Queue is { } queue)
            Admit(queue);
    }

    /// <summary>Gives backends to those that wait, as far as there is room. From any thread.</summary>
    public void Admit(PoolQueue queue)
    {
        while (queue.Count > 0 && queue.TryAdmit(Now, out var waiter) is { } backend)
            Admissions[waiter.Loop].Add(new(waiter.Token, backend));
    }

    /// <summary>Connections held at once; 0 sets as many as there are descriptors for, two for each.</summary>
    public int MaxConnections
    {
        get => Volatile.Read(ref _maxConnections);
        set => Volatile.Write(
            ref _maxConnections, value == 0 ? Ceiling(descriptors) : Math.Min(value, Ceiling(descriptors)));
    }

    public void Dispose() => Table.Dispose();

    private static int Ceiling(int descriptors) => Math.Max(1, (descriptors - ReservedDescriptors) / 2);
}
