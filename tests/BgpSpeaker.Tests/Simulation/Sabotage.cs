using System.Net;
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

    /// <summary>The last octet of a write never leaves.</summary>
    LoseOctet,
}

/// <summary>Helps to sabotage.</summary>
internal static class Sabotages
{
    private static readonly Prefix Unleased = Prefix.Create(IPAddress.Parse("203.0.113.250"), 32)!.Value;

    public static RouteSet WithUnleased(RouteSet desired) => new(
        desired.Version,
        desired.Routes.Append(new DesiredRoute(Unleased, RouteAttributes.None, []))
            .OrderBy(route => route.Prefix).ToValueList(),
        desired.Revisions);
}
