using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads what bounds the connections of a listener.</summary>
internal static class ListenerLimitReader
{
    /// <summary>The listener with its limits.</summary>
    /// <param name="options">What else was read of it.</param>
    /// <param name="reader">The listener's.</param>
    public static ListenerOptions WithLimits(this ListenerOptions options, MappingReader reader) => options with
    {
        FirstOctetTimeout = reader.ReadNullable(ListenerLimitKeys.FirstOctetTimeout),
        HalfClosedTimeout = reader.ReadNullable(ListenerLimitKeys.HalfClosedTimeout),
        TotalTimeout = reader.ReadNullable(ListenerLimitKeys.TotalTimeout),
        UserTimeout = reader.ReadNullable(ListenerLimitKeys.UserTimeout),
        KeepAlive = ReadKeepAlive(reader.Read(ListenerLimitKeys.KeepAlive)),
        DefersAccept = reader.Read(ListenerLimitKeys.DeferAccept, false),
    };

    private static KeepAliveOptions? ReadKeepAlive(MappingReader? reader)
    {
        if (reader is null)
            return null;
        var options = new KeepAliveOptions(
            reader.Read(KeepAliveKeys.Idle, default),
            reader.Read(KeepAliveKeys.Interval, default),
            (int)reader.Read(KeepAliveKeys.Probes, 1));
        reader.Finish(KeepAliveKeys.Section);
        return options;
    }
}
