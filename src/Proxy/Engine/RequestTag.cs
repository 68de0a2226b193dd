namespace AnycastVip.Proxy.Engine;

/// <summary>What a request of the ring is for.</summary>
internal enum RequestKind : byte
{
    /// <summary>Nobody waits for the answer.</summary>
    None,
    Wake,
    Accept,
    Connect,
    Receive,
    Send,

    /// <summary>Octets to be pumped through a pipe have come.</summary>
    Readable,

    /// <summary>The partner has room for octets that lie in a pipe.</summary>
    Writable,

    /// <summary>A reset after the end was read.</summary>
    HangUp,
}

/// <summary>
/// The user data of a request. A descriptor may be closed and its number given away while completions for it are on
/// their way: the generation tells them apart.
/// </summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Descriptor">The side on whose behalf it was made, below 2^20.</param>
/// <param name="Generation">The lower 24 bits of that side's generation.</param>
/// <param name="Buffer">The buffer that a send reads from, which is free when it is done.</param>
internal readonly record struct RequestTag(RequestKind Kind, int Descriptor, uint Generation, ushort Buffer)
{
    private const int KindShift = 60;
    private const int DescriptorShift = 40;
    private const int GenerationShift = 16;
    private const uint DescriptorMask = (1u << (KindShift - DescriptorShift)) - 1;
    private const uint GenerationMask = (1u << (DescriptorShift - GenerationShift)) - 1;

    public ulong Value =>
        (ulong)Kind << KindShift | (ulong)(uint)Descriptor << DescriptorShift
        | (ulong)Generation << GenerationShift | Buffer;

    public static RequestTag Of(RequestKind kind, int fd, in Side side, ushort buffer = 0) =>
        new(kind, fd, side.Generation & GenerationMask, buffer);

    public static RequestTag From(ulong value) => new(
        (RequestKind)(value >> KindShift),
        (int)((uint)(value >> DescriptorShift) & DescriptorMask),
        (uint)(value >> GenerationShift) & GenerationMask,
        (ushort)value);

    /// <summary>Whether the side is still the one that made the request.</summary>
    public bool IsFor(in Side side) =>
        side.Kind != SideKind.None && (side.Generation & GenerationMask) == Generation;
}
