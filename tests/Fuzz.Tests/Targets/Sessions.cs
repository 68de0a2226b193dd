using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>The session that an input is read in, from its first octet.</summary>
internal static class Sessions
{
    public const int LocalAs = 65001;

    /// <summary>4-octet AS numbers, an external peer, both families: the bits that are clear.</summary>
    public static UpdateContext Context(byte options) => new()
    {
        FourOctetAs = (options & 1) == 0,
        IsExternal = (options & 2) == 0,
        LocalAs = LocalAs,
        IPv4Unicast = (options & 4) == 0,
        IPv6Unicast = (options & 8) == 0,
    };
}
