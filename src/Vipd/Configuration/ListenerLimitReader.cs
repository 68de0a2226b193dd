using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads what bounds the connections of a listener.</summary>
internal static class ListenerLimitReader
{
    /// <summary>The listener with its limits.</summary>
    /// <param name="options">What else was read of it.</param>
    /// <param name="reader">The listener's.</param>
    /// <param name="diagnostics">Takes the findings.</param>
    public static ListenerOptions WithLimits(
        this ListenerOptions options, MappingReader reader, DiagnosticList diagnostics) => options with
    {
        FirstOctetTimeout = reader.ReadNullable(ListenerLimitKeys.FirstOctetTimeout),
        HalfClosedTimeout = reader.ReadNullable(ListenerLimitKeys.HalfClosedTimeout),
        TotalTimeout = reader.ReadNullable(ListenerLimitKeys.TotalTimeout),
        UserTimeout = reader.ReadNullable(ListenerLimitKeys.UserTimeout),
        KeepAlive = ReadKeepAlive(reader.Read(ListenerLimitKeys.KeepAlive)),
        DefersAccept = reader.Read(ListenerLimitKeys.DeferAccept, false),
        PerSource = ReadPerSource(reader.Read(ListenerLimitKeys.PerSource), diagnostics),
    };

    private static PerSourceOptions? ReadPerSource(MappingReader? reader, DiagnosticList diagnostics)
    {
        if (reader is null)
            return null;
        var connections = reader.ReadNullable(PerSourceKeys.Connections);
        var rate = reader.ReadNullable(PerSourceKeys.Rate);
        var burst = reader.ReadNullable(PerSourceKeys.Burst);
        // What was refused has its finding already.
        if (reader.Node(PerSourceKeys.Rate.Name) is null)
        {
            if (burst is not null)
                diagnostics.Error(reader, PerSourceKeys.Burst, "only with rate");
            else if (reader.Node(PerSourceKeys.Connections.Name) is null)
                diagnostics.Error(reader.Position, "perSource: limits nothing: give connections, rate or both");
        }
        var options = new PerSourceOptions(
            (int)(connections ?? 0),
            (int)(rate ?? 0),
            (int)(burst ?? rate ?? 0),
            (int)reader.Read(PerSourceKeys.IPv4Prefix, 1),
            (int)reader.Read(PerSourceKeys.IPv6Prefix, 1));
        reader.Finish(PerSourceKeys.Section);
        return options;
    }

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
