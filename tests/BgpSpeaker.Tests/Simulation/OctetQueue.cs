namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>Octets in order.</summary>
internal sealed class OctetQueue
{
    private byte[] _octets = new byte[256];
    private int _head;

    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> octets)
    {
        if (_head + Count + octets.Length > _octets.Length)
        {
            var larger = new byte[Math.Max(2 * _octets.Length, Count + octets.Length)];
            Front(Count).CopyTo(larger);
            _octets = larger;
            _head = 0;
        }
        octets.CopyTo(_octets.AsSpan(_head + Count));
        Count += octets.Length;
    }

    public Span<byte> Front(int count) => _octets.AsSpan(_head, count);

    public void Drop(int count)
    {
        Count -= count;
        _head = Count == 0 ? 0 : _head + count;
    }

    public void Clear() => Drop(Count);
}
