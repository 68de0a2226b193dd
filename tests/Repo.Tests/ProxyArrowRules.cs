namespace AnycastVip.Repo.Tests;

/// <summary>The arrows inside of the proxy: each room knows nothing of what uses it.</summary>
internal static class ProxyArrowRules
{
    private const string Proxy = "AnycastVip.Proxy";

    /// <summary>The folders, each with the namespaces of the proxy that its files may name.</summary>
    private static readonly Dictionary<string, string[]> Rooms = new()
    {
        ["Balancing"] = [$"{Proxy}.Balancing"],
        ["Limits"] = [$"{Proxy}.Limits"],
        ["ProxyProtocol"] = [$"{Proxy}.ProxyProtocol"],
        ["Tls"] = [$"{Proxy}.Tls"],
        ["Engine"] =
            [$"{Proxy}.Balancing", $"{Proxy}.Limits", $"{Proxy}.ProxyProtocol", $"{Proxy}.Tls", $"{Proxy}.Engine"],
        ["Engine/Kernel"] = [$"{Proxy}.Engine.Kernel"],
    };

    private static readonly string[] PureRooms =
        ["src/Proxy/Balancing/", "src/Proxy/Limits/", "src/Proxy/ProxyProtocol/", "src/Proxy/Tls/"];

    // Shares are chosen by weights and counts, octets read as they are: never a clock, a socket or chance.
    private static readonly string[] Impure =
    [
        "System.Net.Sockets", "System.Threading.Tasks", "System.Threading.Thread", "System.IO", "System.Random",
        "System.TimeProvider", "System.Diagnostics", "System.Environment",
    ];

    /// <summary>A room of the proxy names only itself and those below it.</summary>
    public static IEnumerable<Breach> RoomArrows(SourceSet files) =>
        from room in Rooms
        from use in ArrowRules.NamedTypes(files, $"src/Proxy/{room.Key}/")
        let space = use.Type.ContainingNamespace.ToDisplayString()
        where IsWithin(space, Proxy) && !room.Value.Any(allowed => IsWithin(space, allowed))
        select use.Node.Breach($"{room.Key} names {use.Type.FullName()}: no arrow leads there");

    /// <summary>Balancing and the codecs are pure.</summary>
    public static IEnumerable<Breach> ImpureNames(SourceSet files) =>
        from use in ArrowRules.NamedTypes(files, PureRooms)
        where Impure.Any(banned => IsWithin(use.Type.FullName(), banned))
        select use.Node.Breach($"a pure room names {use.Type.FullName()}");

    private static bool IsWithin(string name, string space) =>
        name == space || name.StartsWith(space + ".", Ordinal);
}
