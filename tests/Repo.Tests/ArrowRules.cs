using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AnycastVip.Repo.Tests;

/// <summary>Which room may know which: the arrows of ARCHITECTURE.md.</summary>
internal static class ArrowRules
{
    private const string Speaker = "AnycastVip.BgpSpeaker";

    /// <summary>The rooms of a project, each with those that it may name besides itself.</summary>
    private static readonly Dictionary<string, Dictionary<string, string[]>> Houses = new()
    {
        ["BgpSpeaker"] = new()
        {
            ["Timing"] = [],
            ["Wire"] = [],
            ["Session"] = ["Timing", "Wire"],
            ["Bfd"] = ["Timing"],
            ["Discovery"] = ["Timing"],
            ["Rib"] = ["Wire"],
            ["Peering"] = ["Wire", "Session", "Rib"],
            ["Runtime"] = ["Wire", "Session", "Bfd", "Rib", "Peering", "Discovery"],
            ["Api"] = ["Wire", "Session", "Bfd", "Rib", "Peering", "Runtime"],
        },
        ["HealthGate"] = new()
        {
            ["Health"] = [],
            ["Checks"] = ["Health"],
            ["Addresses"] = [],
            ["Drain"] = [],
            ["Engine"] = ["Health", "Addresses", "Drain"],
            ["Links"] = ["Engine", "Health"],
            ["Runtime"] = ["Engine", "Health", "Checks", "Addresses", "Drain", "Links"],
            ["Api"] = ["Engine", "Health", "Drain", "Runtime"],
        },
    };

    private static readonly string[] PureRooms =
    [
        "src/BgpSpeaker/Timing/", "src/BgpSpeaker/Wire/", "src/BgpSpeaker/Session/", "src/BgpSpeaker/Bfd/",
        "src/BgpSpeaker/Rib/", "src/BgpSpeaker/Peering/", "src/BgpSpeaker/Discovery/",
        "src/HealthGate/Health/", "src/HealthGate/Engine/",
    ];

    // A pure room computes. Whatever is not listed here (sockets, tasks, files, clocks, loggers) it cannot name.
    private static readonly HashSet<string> PureNamespaces =
    [
        "System", "System.Buffers", "System.Buffers.Binary", "System.Collections", "System.Collections.Frozen",
        "System.Collections.Generic", "System.Collections.Immutable", "System.Diagnostics.CodeAnalysis",
        "System.Globalization", "System.Linq", "System.Net", "System.Numerics", "System.Runtime.CompilerServices",
        "System.Text",
    ];

    private static readonly HashSet<string> PureTypes =
    [
        "System.Diagnostics.Debug", "System.Diagnostics.UnreachableException", "System.Net.Sockets.AddressFamily",
        "System.Runtime.InteropServices.CollectionsMarshal", "System.Runtime.InteropServices.MemoryMarshal",
    ];

    private static readonly HashSet<string> ImpureTypes =
    [
        "System.AppContext", "System.Console", "System.Environment", "System.GC", "System.Net.Dns", "System.Random",
        "System.TimeProvider",
    ];

    // What it takes to say what a packet says; none of it knows sessions.
    private static readonly HashSet<string> BfdCodec =
    [
        "BfdPacketCodec", "BfdPacket", "BfdText", "BfdState", "BfdDiagnostic", "BfdDiscardReason",
        "BfdAuthenticationType", "BfdPath",
    ];

    // Who may name the messages of proto/: the rooms that serve or call an API, and those that show what it answers.
    private static readonly string[] ProtoUsers =
    [
        "src/BgpSpeaker/Api/", "src/HealthGate/Api/", "src/HealthGate/Links/", "src/Proxy/Api/",
        "src/Proxy/Replacement/", "src/Vipctl/",
    ];

    /// <summary>Each room names only those below it.</summary>
    public static IEnumerable<Breach> RoomArrows(SourceSet files) =>
        from house in Houses
        from use in NamedTypes(files, $"src/{house.Key}/")
        let room = RoomOfPath(use.Node.SyntaxTree.FilePath)
        let target = RoomOfNamespace(house.Key, use.Type.ContainingNamespace.ToDisplayString())
        where target is not null && target != room && !(house.Value.GetValueOrDefault(room)?.Contains(target) ?? false)
        select use.Node.Breach($"{room} names {use.Type.FullName()}: no arrow leads there");

    /// <summary>A file's namespace is its folder, so that the arrows can be judged by either.</summary>
    public static IEnumerable<Breach> MisplacedNamespaces(SourceSet files) =>
        from house in Houses
        from file in files.Under($"src/{house.Key}/")
        let room = RoomOfPath(file.Root.SyntaxTree.FilePath)
        from space in file.Root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
        let expected = $"AnycastVip.{house.Key}.{room}"
        let name = space.Name.ToString()
        where !house.Value.ContainsKey(room)
            || name != expected && !name.StartsWith(expected + ".", Ordinal)
        select space.Breach($"namespace {space.Name} in {room}");

    /// <summary>The pure rooms name nothing but values and the functions over them.</summary>
    public static IEnumerable<Breach> ImpureNames(SourceSet files)
    {
        var named =
            from use in NamedTypes(files, PureRooms)
            let space = use.Type.ContainingNamespace.ToDisplayString()
            let name = use.Type.FullName()
            where !space.StartsWith("AnycastVip.", Ordinal)
                && !PureTypes.Contains(name)
                && (ImpureTypes.Contains(name) || !PureNamespaces.Contains(space))
            select use.Node.Breach($"a pure room names {name}");
        // What comes from a package that this test does not have is just as foreign.
        var unknown =
            from file in files.Under(PureRooms)
            from diagnostic in file.Model.GetDiagnostics()
            where diagnostic.Id is "CS0103" or "CS0234" or "CS0246"
            let node = file.Root.FindNode(diagnostic.Location.SourceSpan)
            select node.Breach($"a pure room names what is not its own: {diagnostic.GetMessage(null)}");
        return named.Concat(unknown);
    }

    /// <summary>vipctl knows of the speaker's insides only how messages and BFD packets are decoded.</summary>
    public static IEnumerable<Breach> VipctlArrows(SourceSet files) =>
        from use in NamedTypes(files, "src/Vipctl/")
        let space = use.Type.ContainingNamespace.ToDisplayString()
        let isBfdCodec = space == $"{Speaker}.Bfd" && BfdCodec.Contains(use.Type.Name)
        where space.StartsWith(Speaker, Ordinal) && space != $"{Speaker}.Wire" && !isBfdCodec
        select use.Node.Breach(
            $"vipctl names {use.Type.FullName()}: of BgpSpeaker it may know Wire and BFD's codec only");

    /// <summary>Messages of proto/ stay at the edge; inside, the rooms' own types are used.</summary>
    public static IEnumerable<Breach> ProtoArrows(SourceSet files) =>
        from file in files.Under("src/")
        where !ProtoUsers.Any(folder => file.Root.SyntaxTree.FilePath.StartsWith(folder, Ordinal))
        from node in file.Root.DescendantNodes()
        where node is QualifiedNameSyntax or MemberAccessExpressionSyntax
            && node.ToString() is "AnycastVip.Proto" or "Proto.V1"
        select node.Breach("names the messages of proto/ outside of an Api room");

    internal static IEnumerable<(SyntaxNode Node, ITypeSymbol Type)> NamedTypes(
        SourceSet files, params string[] folders) =>
        from file in files.Under(folders)
        from node in file.Root.DescendantNodes().OfType<SimpleNameSyntax>()
        let symbol = file.Model.Meaning(node)
        let type = symbol as ITypeSymbol ?? (symbol is ILocalSymbol or IParameterSymbol ? null : symbol?.ContainingType)
        where type is { ContainingNamespace: not null } and not ITypeParameterSymbol
        select ((SyntaxNode)node, type);

    private static string RoomOfPath(string path) => path.Split('/') is [_, _, var room, _, ..] ? room : "";

    private static string? RoomOfNamespace(string house, string space) =>
        space.Split('.') is ["AnycastVip", var project, var room, ..] && project == house ? room : null;
}
