using System.Runtime.InteropServices;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>
/// Decodes every UPDATE that a speaker puts on a connection once more, as the peer that the test plays would: by what
/// both OPENs agree on, and without mercy.
/// </summary>
internal sealed class EmittedUpdates
{
    private readonly List<byte> _played = [];
    private OpenMessage? _peerOpen;
    private OpenMessage? _speakerOpen;

    /// <summary>The test has sent these octets, cut anywhere.</summary>
    public void Played(ReadOnlySpan<byte> octets)
    {
        if (_peerOpen is not null)
            return;
        _played.AddRange(octets);
        var all = CollectionsMarshal.AsSpan(_played);
        var status = Framer.Next(all, MessageSize.Maximum, out var type, out var length, out _);
        if (status == FrameStatus.Message && type == MessageType.Open)
            OpenDecoder.TryDecode(all[..length], out _peerOpen, out _);
    }

    /// <summary>The speaker has sent this message.</summary>
    public void Emitted(ReadOnlySpan<byte> message)
    {
        switch ((MessageType)message[MessageSize.Header - 1])
        {
            case MessageType.Open:
                Assert.True(OpenDecoder.TryDecode(message, out _speakerOpen, out var error), error?.ToString());
                break;
            case MessageType.Update:
                Assert.NotNull(_speakerOpen);
                Assert.NotNull(_peerOpen);
                Assert.Equal(
                    "no error", UpdateDecoder.Decode(message, ContextOf(_speakerOpen, _peerOpen)).Describe());
                break;
        }
    }

    private static UpdateContext ContextOf(OpenMessage speaker, OpenMessage peer) => new()
    {
        FourOctetAs = HasFourOctetAs(speaker) && HasFourOctetAs(peer),
        IsExternal = speaker.EffectiveAs != peer.EffectiveAs,
        LocalAs = peer.EffectiveAs,
        IPv4Unicast = Offers(speaker, Family.IPv4Unicast) && Offers(peer, Family.IPv4Unicast),
        IPv6Unicast = Offers(speaker, Family.IPv6Unicast) && Offers(peer, Family.IPv6Unicast),
        ExtendedNextHop = TakesIPv6NextHops(speaker) && TakesIPv6NextHops(peer),
    };

    private static bool HasFourOctetAs(OpenMessage open) => open.Capabilities.Any(c => c is FourOctetAsCapability);

    private static bool TakesIPv6NextHops(OpenMessage open) => open.Capabilities
        .OfType<ExtendedNextHopCapability>()
        .Any(c => c.Encodings.Contains(ExtendedNextHop.IPv4OverIPv6));

    // RFC 4760 section 8: who names no family means IPv4 unicast.
    private static bool Offers(OpenMessage open, Family family)
    {
        var families = open.Capabilities.OfType<MultiprotocolCapability>().Select(c => c.Family).ToList();
        return families.Count == 0 ? family == Family.IPv4Unicast : families.Contains(family);
    }
}
