using System.Buffers.Binary;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>Makes broken messages from good and bad ones; the same seed makes the same messages.</summary>
internal sealed class Mutator(int seed, IReadOnlyList<byte[]> originals)
{
    private readonly Random _random = new(seed);

    public byte[] Next()
    {
        var octets = Pick().ToList();
        for (var left = _random.Next(1, 6); left > 0; left--)
            Mutate(octets);
        var message = octets.ToArray();
        // A wrong header length hides everything behind it from the decoders.
        if (message.Length is >= MessageSize.Header and <= MessageSize.ExtendedMaximum && _random.Next(8) > 0)
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(16), (ushort)message.Length);
        return message;
    }

    public UpdateContext NextContext() => new()
    {
        FourOctetAs = _random.Next(4) > 0,
        IsExternal = _random.Next(4) > 0,
        LocalAs = 65001,
        IPv4Unicast = _random.Next(4) > 0,
        IPv6Unicast = _random.Next(4) > 0,
    };

    // Long messages are rare among the vectors and slow: they are taken as they are now and then only.
    private byte[] Pick()
    {
        var original = originals[_random.Next(originals.Count)];
        return original.Length <= 512 || _random.Next(16) == 0 ? original : original[..512];
    }

    private void Mutate(List<byte> octets)
    {
        if (octets.Count <= MessageSize.Header)
        {
            octets.Add(Octet());
            return;
        }
        // The header is left alone mostly: it has few ways to be wrong.
        var from = _random.Next(16) == 0 ? 0 : MessageSize.Header;
        var index = _random.Next(from, octets.Count);
        switch (_random.Next(6))
        {
            case 0:
                octets[index] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                octets[index] = Octet();
                break;
            case 2:
                octets.Insert(index, Octet());
                break;
            case 3:
                octets.RemoveAt(index);
                break;
            case 4:
                octets.RemoveRange(index, octets.Count - index);
                break;
            default:
                var other = Pick();
                if (other.Length > MessageSize.Header)
                    octets.InsertRange(index, other[_random.Next(MessageSize.Header, other.Length)..]);
                break;
        }
    }

    // Lengths, types and counts are small or extreme mostly.
    private byte Octet() => _random.Next(3) switch
    {
        0 => (byte)_random.Next(24),
        1 => (byte)(byte.MaxValue - _random.Next(4)),
        _ => (byte)_random.Next(256),
    };
}
