using System.Buffers.Binary;

namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>
/// Reads big-endian fields from front to back. A read that the bytes cannot satisfy returns false and moves nothing.
/// A child cut with <see cref="TryTakeChild"/> sees its declared length only, so it never reads a neighbour's bytes.
/// </summary>
public ref struct WireCursor(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How many octets were read.</summary>
    public int Position { get; private set; }

    /// <summary>How many octets are left.</summary>
    public readonly int Remaining => _bytes.Length - Position;

    /// <summary>What is left, unread.</summary>
    public readonly ReadOnlySpan<byte> Rest => _bytes[Position..];

    /// <summary>Reads one octet.</summary>
    public bool TryReadByte(out byte value)
    {
        if (Remaining < 1)
        {
            value = 0;
            return false;
        }
        value = _bytes[Position++];
        return true;
    }

    /// <summary>Reads two octets.</summary>
    public bool TryReadUInt16(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(Rest, out value))
            return false;
        Position += sizeof(ushort);
        return true;
    }

    /// <summary>Reads four octets.</summary>
    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value))
            return false;
        Position += sizeof(uint);
        return true;
    }

    /// <summary>Takes the next <paramref name="length"/> octets.</summary>
    public bool TryTake(int length, out ReadOnlySpan<byte> octets)
    {
        if ((uint)length > (uint)Remaining)
        {
            octets = default;
            return false;
        }
        octets = _bytes.Slice(Position, length);
        Position += length;
        return true;
    }

    /// <summary>Takes the next <paramref name="length"/> octets as a cursor of their own.</summary>
    public bool TryTakeChild(int length, out WireCursor child)
    {
        var taken = TryTake(length, out var octets);
        child = new(octets);
        return taken;
    }
}
