using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Api;

/// <content>The limits of listeners.</content>
internal sealed partial class TableReader
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(7);

    private Engine.ListenerTimeouts ReadTimeouts(string entry, ListenerSpec message) => new()
    {
        FirstOctet = ReadTimeout(entry, "first_octet_timeout", message.FirstOctetTimeout),
        HalfClosed = ReadTimeout(entry, "half_closed_timeout", message.HalfClosedTimeout),
        Total = ReadTimeout(entry, "total_timeout", message.TotalTimeout),
        User = ReadTimeout(entry, "user_timeout", message.UserTimeout),
    };

    private TimeSpan? ReadTimeout(string entry, string field, Duration? message)
    {
        var time = ReadDuration(entry, field, message);
        if (time < ShortestTimeout || time > LongestTimeout)
            Refuse(entry, $"{field} must be 1 ms to 7 days; leave it unset for none");
        return time;
    }

    private Engine.KeepAliveSpec? ReadKeepAlive(string entry, KeepAlive? message)
    {
        if (message is null)
            return null;
        var spec = new Engine.KeepAliveSpec(
            ReadDuration(entry, "keep_alive.idle", message.Idle) ?? default,
            ReadDuration(entry, "keep_alive.interval", message.Interval) ?? default,
            Limit(message.Probes));
        if (!spec.IsSound)
            Refuse(entry, "keep_alive must have idle and interval of 1 s to 32,767 s, and 1 to 127 probes");
        return spec;
    }
}
