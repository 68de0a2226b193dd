using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Limits;
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

    private SourceLimits? ReadPerSource(string entry, PerSourceLimits? message)
    {
        if (message is null)
            return null;
        var limits = new SourceLimits
        {
            Connections = Limit(message.Connections),
            Rate = Limit(message.Rate),
            Burst = Limit(message.Burst == 0 ? message.Rate : message.Burst),
            IPv4Prefix = message.Ipv4Prefix == 0 ? 32 : Limit(message.Ipv4Prefix),
            IPv6Prefix = message.Ipv6Prefix == 0 ? 64 : Limit(message.Ipv6Prefix),
        };
        if (!limits.IsSound)
            Refuse(
                entry, "per_source must have rate and burst of at most 1,000,000 and prefixes of at most 32 and 128");
        return limits;
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
