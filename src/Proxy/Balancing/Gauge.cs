namespace AnycastVip.Proxy.Balancing;

/// <summary>How many connections something holds, exact over all loops.</summary>
internal sealed class Gauge
{
    private int _value;

    public int Value => Volatile.Read(ref _value);

    /// <summary>Counts one more unless <paramref name="maximum"/> are held; 0: no limit.</summary>
    public bool TryReserve(int maximum)
    {
        while (true)
        {
            var seen = Value;
            if (maximum > 0 && seen >= maximum)
                return false;
            if (Interlocked.CompareExchange(ref _value, seen + 1, seen) == seen)
                return true;
        }
    }

    public void Release() => Interlocked.Decrement(ref _value);
}
