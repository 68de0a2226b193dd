using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads a listener's <c>sni</c>.</summary>
internal sealed class SniReader(DiagnosticList diagnostics, NamedItems<PoolOptions> pools)
{
    private const int MaximumRoutes = 1024;

    /// <summary>Null without the key.</summary>
    public SniOptions? Read(MappingReader listener)
    {
        if (listener.Read(SniKeys.Listener) is not { } reader)
            return null;
        reader.Require(SniKeys.Routes.Name);
        var items = reader.Sequence(SniKeys.Routes.Name) ?? [];
        var routes = items.Select(ReadRoute).OfType<SniRouteOptions>().ToValueList();
        if (reader.Node(SniKeys.Routes.Name) is YamlSequence && items.Count is 0 or > MaximumRoutes)
            diagnostics.Error(reader, SniKeys.Routes, $"1 to {MaximumRoutes} are needed");
        var resetsOthers = reader.Read(SniKeys.Fallback, false);
        reader.Finish(SniKeys.Section);
        return new(routes, resetsOthers);
    }

    private SniRouteOptions? ReadRoute(YamlNode item)
    {
        if (MappingReader.Open(item, diagnostics) is not { } reader)
            return null;
        var names = reader.ReadDistinct(SniRouteKeys.Names, diagnostics).Values();
        var protocols = reader.ReadDistinct(SniRouteKeys.Alpn, diagnostics).Values();
        reader.Require(SniRouteKeys.Pool.Name);
        var pool = reader.ReadOrNull(SniRouteKeys.Pool);
        if (pool is not null)
            pools.Find(pool, reader.PositionOf(SniRouteKeys.Pool.Name), SniRouteKeys.Pool);
        if (reader.Node(SniRouteKeys.Names.Name) is null or YamlSequence { Items: [] }
            && reader.Node(SniRouteKeys.Alpn.Name) is null or YamlSequence { Items: [] })
            diagnostics.Error(reader.Position, "the route has neither names nor alpn: it would be every client's");
        reader.Finish(SniRouteKeys.Section);
        return new(names, protocols, pool ?? "");
    }
}
