using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>The session that an input is read in, from its first octet.</summary>
internal static class Sessions
{
    public const int LocalAs = 65001;

    // Our role takes the three highest bits: 0 and what names no role is none.
    private const int RoleShift = 5;

    /// <summary>
    /// 4-octet AS numbers, an external peer, both families, RFC 8950: the bits that are clear; in the highest three our
    /// role.
    /// </summary>
    public static UpdateContext Context(byte options) => new()
    {
        FourOctetAs = (options & 1) == 0,
        IsExternal = (options & 2) == 0,
        LocalAs = LocalAs,
        IPv4Unicast = (options & 4) == 0,
        IPv6Unicast = (options & 8) == 0,
        ExtendedNextHop = (options & 16) == 0,
        Role = (options >> RoleShift) is > 0 and <= 5 and var role ? (BgpRole)(role - 1) : null,
        PeerAs = 65002,
    };

    /// <summary>The octet that <see cref="Context"/> makes a session's context of.</summary>
    public static byte OptionsOf(UpdateContext context) => (byte)(
        (context.FourOctetAs ? 0 : 1) | (context.IsExternal ? 0 : 2)
        | (context.IPv4Unicast ? 0 : 4) | (context.IPv6Unicast ? 0 : 8) | (context.ExtendedNextHop ? 0 : 16)
        | (context.Role is { } role ? ((int)role + 1) << RoleShift : 0));
}
