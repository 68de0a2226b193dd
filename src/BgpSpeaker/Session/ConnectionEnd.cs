using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Session;

/// <summary>How TCP failed, as far as it tells one cause from another.</summary>
public enum TcpFailure
{
    /// <summary>Something of this node: an address, an interface, a socket option.</summary>
    Other,

    /// <summary>Nobody answered within the time.</summary>
    NoAnswer,

    /// <summary>A reset answered our SYN.</summary>
    Refused,

    /// <summary>A router, or our own neighbour cache, said that there is no way.</summary>
    Unreachable,

    /// <summary>The peer ended the connection with a FIN.</summary>
    Closed,

    /// <summary>The peer ended the connection with a reset.</summary>
    Reset,
}

/// <summary>How a dial or a connection of a peer ended.</summary>
/// <param name="In">The state of the connection; <see cref="BgpState.Connect"/> for a dial.</param>
/// <param name="Reason">For people, in one line.</param>
/// <param name="Sent">The NOTIFICATION of ours that ended it.</param>
/// <param name="Received">The peer's NOTIFICATION that ended it.</param>
/// <param name="Tcp">What TCP said when no NOTIFICATION ended it.</param>
public sealed record ConnectionEnd(
    BgpState In, string Reason, Notification? Sent = null, Notification? Received = null, TcpFailure? Tcp = null);
