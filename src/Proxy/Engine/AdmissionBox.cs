using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Engine;

/// <summary>A backend for a connection that waited; the connection is counted on it.</summary>
internal readonly record struct Admission(ulong Token, Backend Backend);

/// <summary>Where a loop finds the backends that others have released to its connections.</summary>
/// <param name="wake">Makes the loop turn.</param>
internal sealed class AdmissionBox(Action wake)
{
    private readonly Lock _lock = new();
    private readonly Queue<Admission> _admissions = new(64);
    private int _count;

    /// <summary>From any thread.</summary>
    public void Add(Admission admission)
    {
        lock (_lock)
        {
            _admissions.Enqueue(admission);
            Volatile.Write(ref _count, _admissions.Count);
        }
        wake();
    }

    public bool TryTake(out Admission admission)
    {
        admission = default;
        if (Volatile.Read(ref _count) == 0)
            return false;
        lock (_lock)
        {
            var isTaken = _admissions.TryDequeue(out admission);
            Volatile.Write(ref _count, _admissions.Count);
            return isTaken;
        }
    }
}
