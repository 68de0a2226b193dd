using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>The session that an input is read in, from its first octet.</summary>
internal static class Sessions
{
    public const int LocalAs = 65001;

    // Our role takes the three highest bits, one more than its number; 0: none. What names no role is ADD-PATH.
    private const int RoleShift = 5;
    private const int AddPath = 6;

    /// <summary>
    /// 4-octet AS numbers, an external peer, both families, RFC 8950: the bits that are clear; in the highest three our
    /// role, or ADD-PATH.
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
        AddPathIPv4 = options >> RoleShift >= AddPath,
        AddPathIPv6 = options >> RoleShift >= AddPath,
    };

    /// <summary>The octet that <see cref="Context"/> makes a session's context of.</summary>
    public static byte OptionsOf(UpdateContext context) => (byte)(
        (context.FourOctetAs ? 0 : 1) | (context.IsExternal ? 0 : 2)
        | (context.IPv4Unicast ? 0 : 4) | (context.IPv6Unicast ? 0 : 8) | (context.ExtendedNextHop ? 0 : 16)
        | (context.Role is { } role ? ((int)role + 1) << RoleShift : context.AddPathIPv4 ? AddPath << RoleShift : 0));
}
