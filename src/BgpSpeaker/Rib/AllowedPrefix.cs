using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>One line of the allow-list, with the meaning of a router's prefix-list entry.</summary>
/// <param name="Prefix">What may be announced lies inside this prefix,</param>
/// <param name="MinimumLength">and is at least this long (<c>ge</c>),</param>
/// <param name="MaximumLength">and at most this long (<c>le</c>).</param>
public sealed record AllowedPrefix(Prefix Prefix, byte MinimumLength, byte MaximumLength)
{
    /// <summary>True when the line permits <paramref name="candidate"/>.</summary>
    public bool Permits(Prefix candidate) =>
        Prefix.Contains(candidate) && candidate.Length >= MinimumLength && candidate.Length <= MaximumLength;

    /// <summary><c>203.0.113.0/24 ge 32 le 32</c>.</summary>
    public override string ToString() => $"{Prefix} ge {MinimumLength} le {MaximumLength}";
}
