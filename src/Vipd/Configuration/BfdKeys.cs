using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>The keys of an item of <c>bfdProfiles</c>: timers.</summary>
internal static class BfdProfileKeys
{
    private static readonly ScalarType<TimeSpan> Interval =
        ScalarTypes.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));

    public static readonly Key<TimeSpan> TransmitInterval = new(
        "transmitInterval",
        Interval,
        "We send no more often (Desired Min TX Interval, RFC 5880 section 4.1); the greater of this and what the peer "
        + "takes counts.") { Default = "300ms" };

    public static readonly Key<TimeSpan> ReceiveInterval = new(
        "receiveInterval",
        Interval,
        "We take packets no more often (Required Min RX Interval); the greater of this and what the peer sends counts.")
    {
        Default = "300ms",
    };

    public static readonly Key<long> DetectMultiplier = new(
        "detectMultiplier",
        ScalarTypes.Integer(1, byte.MaxValue),
        "After so many of our intervals of silence the peer takes us for dead (Detect Mult).") { Default = "3" };

    public static readonly string[] NotYet = ["authentication"];

    public static readonly Section Section = new([TransmitInterval, ReceiveInterval, DetectMultiplier], NotYet);
}

/// <summary>The keys under <c>bfd</c> of a peer.</summary>
internal static class BfdKeys
{
    /// <summary>What stands for no BFD at all, against a default.</summary>
    public const string None = "none";

    public static readonly Key<string> Profile = new(
        "profile", BgpTypes.Name, "The profile of `bfdProfiles` that the timers are taken from.");

    public static readonly Key<TimeSpan> TransmitInterval =
        BfdProfileKeys.TransmitInterval with { Default = null, Otherwise = OfProfile("300ms") };

    public static readonly Key<TimeSpan> ReceiveInterval =
        BfdProfileKeys.ReceiveInterval with { Default = null, Otherwise = OfProfile("300ms") };

    public static readonly Key<long> DetectMultiplier =
        BfdProfileKeys.DetectMultiplier with { Default = null, Otherwise = OfProfile("3") };

    public static readonly Key<bool> Strict = new(
        "strict",
        ScalarTypes.Boolean,
        "No BGP connection before BFD is Up: none is dialled, and the peer's are refused. A peer whose operator holds "
        + "BFD in AdminDown is let in.") { Default = "false" };

    public static readonly Key<bool> Multihop = new(
        "multihop", ScalarTypes.Boolean, "RFC 5883 (port 4784) instead of RFC 5881: routers stand between.")
    {
        Otherwise = "`true` where `ttl` or `ttlSecurityHops` is more than 1",
    };

    public static readonly Key<long> MinimumTtl = new(
        "minimumTtl",
        ScalarTypes.Integer(1, BfdPath.FullTtl),
        "The least TTL of the peer's packets on a multihop path; each router on the way takes 1 from 255.")
    {
        Otherwise = "what `ttl` or `ttlSecurityHops` allows, or 254",
    };

    public static readonly Section Section = new(
        [Profile, TransmitInterval, ReceiveInterval, DetectMultiplier, Strict, Multihop, MinimumTtl],
        BfdProfileKeys.NotYet);

    private static string OfProfile(string otherwise) => $"the profile's, or `{otherwise}`";
}
