using System.Buffers.Binary;

namespace AnycastVip.Proxy.Tls;

/// <summary>
/// Reads a client's first flight without a key: the ClientHello, from its records. It is called with all that has come
/// so far, again and again until it is content; the hello itself is looked at once, when it is whole.
/// </summary>
internal static class ClientHelloReader
{
    /// <summary>
    /// A hello that is not whole within so many octets, records included, is a fault. Real ones have up to 2,000 with
    /// post-quantum keys, and up to 16,000 where a session ticket carries a client's certificates.
    /// </summary>
    public const int MaximumLength = 28 * 1024;

    private const int RecordHeadLength = 5;
    private const int MessageHeadLength = 4;
    private const int MaximumFragment = 1 << 14;
    private const byte HandshakeRecord = 22;
    private const byte ClientHelloMessage = 1;

    /// <summary>Reads a hello.</summary>
    /// <param name="octets">All that has come.</param>
    /// <param name="scratch">Room for <see cref="MaximumLength"/> octets: a hello of several records is joined there.
    /// </param>
    /// <param name="hello">What it says, once it is whole.</param>
    /// <param name="fault">What is wrong with it, for people; empty if nothing.</param>
    public static HelloVerdict Read(
        ReadOnlySpan<byte> octets, Span<byte> scratch, out ClientHello hello, out string fault)
    {
        hello = default;
        fault = "";
        var verdict = Join(octets, scratch, out var message, out fault);
        if (verdict != HelloVerdict.Whole)
            return verdict;
        if (ClientHelloParser.TryParse(message, out hello, out fault))
            return HelloVerdict.Whole;
        hello = default;
        return HelloVerdict.Fault;
    }

    // RFC 8446, section 5.1: a message may be spread over records, which have nothing else between them.
    private static HelloVerdict Join(
        ReadOnlySpan<byte> octets, Span<byte> scratch, out ReadOnlySpan<byte> message, out string fault)
    {
        message = default;
        octets = octets[..Math.Min(octets.Length, MaximumLength)];
        var rest = octets;
        var joined = 0;
        while (true)
        {
            if (JudgeRecord(rest, isFirst: rest.Length == octets.Length, out fault) is { } verdict)
                return verdict == HelloVerdict.NeedMore ? NeedMore(octets, scratch[..joined], out fault) : verdict;
            var size = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
            var body = rest[RecordHeadLength..];
            var fragment = body[..Math.Min(size, body.Length)];
            if (joined == 0 && !fragment.IsEmpty && fragment[0] != ClientHelloMessage)
                return Fail(out fault, "the first message is no ClientHello");
            // Mostly one record has all of it.
            if (joined == 0 && IsWhole(fragment, out message))
                return HelloVerdict.Whole;
            fragment.CopyTo(scratch[joined..]);
            joined += fragment.Length;
            if (IsWhole(scratch[..joined], out message))
                return HelloVerdict.Whole;
            if (fragment.Length < size)
                return NeedMore(octets, scratch[..joined], out fault);
            rest = body[size..];
        }
    }

    // Null: the record's head is there and in order.
    private static HelloVerdict? JudgeRecord(ReadOnlySpan<byte> rest, bool isFirst, out string fault)
    {
        fault = "";
        if (rest.IsEmpty)
            return HelloVerdict.NeedMore;
        if (rest[0] != HandshakeRecord)
            return isFirst ? HelloVerdict.NotTls : Fail(out fault, "a record of another type is within the hello");
        // The minor version is to be ignored (section 5.1); SSL 3.0 to TLS 1.3 share the major one.
        if (rest.Length > 1 && rest[1] != 3)
            return isFirst ? HelloVerdict.NotTls : Fail(out fault, "a record is not of TLS");
        if (rest.Length < RecordHeadLength)
            return HelloVerdict.NeedMore;
        return BinaryPrimitives.ReadUInt16BigEndian(rest[3..]) switch
        {
            0 => Fail(out fault, "a record is empty"),
            > MaximumFragment => Fail(out fault, "a record is longer than 16,384 octets"),
            _ => null,
        };
    }

    private static HelloVerdict NeedMore(ReadOnlySpan<byte> octets, ReadOnlySpan<byte> begun, out string fault)
    {
        fault = "";
        var isTooLong = octets.Length == MaximumLength
            || begun.Length >= MessageHeadLength && LengthOf(begun) > MaximumLength - RecordHeadLength;
        return isTooLong ? Fail(out fault, "the hello is longer than 28 KiB") : HelloVerdict.NeedMore;
    }

    private static bool IsWhole(ReadOnlySpan<byte> begun, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (begun.Length < MessageHeadLength || LengthOf(begun) is var length && length > begun.Length)
            return false;
        message = begun[MessageHeadLength..length];
        return true;
    }

    // With its head.
    private static int LengthOf(ReadOnlySpan<byte> message) =>
        MessageHeadLength + (message[1] << 16 | message[2] << 8 | message[3]);

    private static HelloVerdict Fail(out string fault, string what)
    {
        fault = what;
        return HelloVerdict.Fault;
    }
}
