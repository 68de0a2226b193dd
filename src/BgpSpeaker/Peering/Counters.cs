using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Peering;

/// <summary>Messages in one direction since the peer was started.</summary>
/// <param name="Open">OPEN messages.</param>
/// <param name="Update">UPDATE messages.</param>
/// <param name="Notification">NOTIFICATION messages.</param>
/// <param name="KeepAlive">KEEPALIVE messages.</param>
/// <param name="RouteRefresh">ROUTE-REFRESH messages.</param>
/// <param name="Octets">Octets of all messages, headers included.</param>
public readonly record struct MessageCounters(
    ulong Open, ulong Update, ulong Notification, ulong KeepAlive, ulong RouteRefresh, ulong Octets)
{
    /// <summary>One more message.</summary>
    public MessageCounters Add(MessageType type, int octets)
    {
        var total = this with { Octets = Octets + (ulong)octets };
        return type switch
        {
            MessageType.Open => total with { Open = Open + 1 },
            MessageType.Update => total with { Update = Update + 1 },
            MessageType.Notification => total with { Notification = Notification + 1 },
            MessageType.KeepAlive => total with { KeepAlive = KeepAlive + 1 },
            _ => total with { RouteRefresh = RouteRefresh + 1 },
        };
    }
}

/// <summary>What the peer announced to us since the session came up: checked, counted and dropped.</summary>
/// <param name="Announced">Prefixes announced.</param>
/// <param name="Withdrawn">Prefixes withdrawn, treat-as-withdraw included.</param>
/// <param name="TreatedAsWithdraw">UPDATEs whose routes counted as withdrawn (RFC 7606 section 2).</param>
/// <param name="AttributesDiscarded">Attributes dropped (RFC 7606 section 2).</param>
/// <param name="LastError">The last malformed UPDATE in one line; null while there was none.</param>
/// <param name="EndOfRib">The families whose End-of-RIB has come.</param>
public sealed record ReceivedRoutes(
    ulong Announced, ulong Withdrawn, ulong TreatedAsWithdraw, ulong AttributesDiscarded, string? LastError,
    ValueList<Family> EndOfRib)
{
    /// <summary>Nothing yet.</summary>
    public static readonly ReceivedRoutes None = new(0, 0, 0, 0, null, []);
}
