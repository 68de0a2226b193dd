using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>A fault built into the simulated shell, to prove that the checks see it.</summary>
internal enum Sabotage
{
    None,

    /// <summary>What was written is written once more after a NOTIFICATION.</summary>
    RepeatAfterNotification,

    /// <summary>The Adj-RIB-Out is fed with a route that no lease asks for.</summary>
    AnnounceUnleased,

    /// <summary>Sets that lack a route never reach the Adj-RIB-Out.</summary>
    WithholdWithdraw,

    /// <summary>The lease table's timer runs late.</summary>
    LateLeaseTimer,

    /// <summary>Timers are judged before the octets that arrived before them.</summary>
    TimersBeforeReads,

    /// <summary>A client's withdrawal never reaches the lease table.</summary>
    DropDeclaration,

    /// <summary>What is merely written counts as acknowledged.</summary>
    AcknowledgeWritten,

    /// <summary>Timers are never handled.</summary>
    IgnoreTimers,

    /// <summary>A KEEPALIVE that is alone in a write never leaves.</summary>
    DropKeepalives,

    /// <summary>Every dial is refused.</summary>
    RefuseDials,

    /// <summary>UPDATEs leave with an attribute that does not exist.</summary>
    CorruptUpdates,

    /// <summary>The end of a session is not noticed.</summary>
    ForgetSessionDown,

    /// <summary>The engine never hears that a connection is closed.</summary>
    LeakConnections,

    /// <summary>The Adj-RIB-Out is told that the routes are complete when clients are still waited for.</summary>
    PretendComplete,

    /// <summary>The engine is configured with another hold time than the plan says.</summary>
    WrongHoldTime,

    /// <summary>The engine never hears that BFD is Down.</summary>
    IgnoreBfdDown,

    /// <summary>The engine is not configured for strict mode where the plan says so.</summary>
    LaxBfd,
}

/// <summary>Helps to sabotage.</summary>
internal static class Sabotages
{
    private static readonly Prefix Unleased = Prefix.Create(IPAddress.Parse("203.0.113.250"), 32)!.Value;

    /// <summary>The settings with which the engine is really made.</summary>
    public static PeerProfile Profile(Sabotage sabotage, PeerProfile profile) => sabotage switch
    {
        Sabotage.WrongHoldTime =>
            profile with { Session = profile.Session with { HoldTime = TimeSpan.FromSeconds(5) } },
        Sabotage.LaxBfd => profile with { Session = profile.Session with { BfdStrict = false } },
        _ => profile,
    };

    /// <summary>What becomes of octets on their way into the kernel.</summary>
    public static Span<byte> Written(Sabotage sabotage, Span<byte> octets)
    {
        var type = (MessageType)octets[MessageSize.Header - 1];
        if (sabotage == Sabotage.DropKeepalives && octets.Length == MessageSize.Header)
            return [];
        // The type octet of the first attribute, behind the two length fields and its flags.
        const int firstType = MessageSize.Header + 2 + 2 + 1;
        if (sabotage == Sabotage.CorruptUpdates && type == MessageType.Update && octets.Length > firstType)
            octets[firstType] = byte.MaxValue;
        return octets;
    }

    public static RouteSet WithUnleased(RouteSet desired) => new(
        desired.Version,
        desired.Routes.Append(new DesiredRoute(Unleased, RouteAttributes.None, []))
            .OrderBy(route => route.Prefix).ToValueList(),
        desired.Revisions);

    public static RouteSet AsIfComplete(RouteSet desired) => new(desired.Version, desired.Routes, desired.Revisions);
}
