using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AnycastVip.Repo.Tests;

/// <summary>Calls that make a program depend on the moment at which it runs, and code that hides failures.</summary>
internal static class CallRules
{
    public static readonly string[] ProductFolders = ["src/", "lab/"];
    public static readonly string[] TestFolders = ["tests/"];

    // A name means one of these where its type and member are so called.
    private static readonly HashSet<string> BannedEverywhere =
    [
        "System.Random.Shared", "System.Threading.Thread.Sleep", "System.NotImplementedException..ctor",
    ];

    private static readonly HashSet<string> BannedInProduct =
    [
        .. BannedEverywhere,
        "System.DateTime.Now", "System.DateTime.UtcNow", "System.DateTime.Today",
        "System.DateTimeOffset.Now", "System.DateTimeOffset.UtcNow",
        "System.Environment.TickCount", "System.Environment.TickCount64", "System.Random..ctor",
    ];

    // Only these names are looked up, for speed: the banned ones, and the methods that may wait.
    private static readonly HashSet<string> SuspectMembers =
        [.. BannedInProduct.Select(name => name[(name.LastIndexOf('.') + 1)..]), "Delay", "WaitAsync"];

    /// <summary>Time comes from a TimeProvider and randomness from a seeded source, in all product code.</summary>
    public static IEnumerable<Breach> BannedProductCalls(SourceSet files) =>
        from use in Uses(files, ProductFolders)
        where BannedInProduct.Contains(NameOf(use.Symbol)) || WaitsByTheSystemClock(use.Symbol)
        select use.Node.Breach($"{NameOf(use.Symbol)} is banned: take a TimeProvider or a seeded source");

    /// <summary>Tests poll for what they wait for, in the one class that may wait: Poll.</summary>
    public static IEnumerable<Breach> BannedTestCalls(SourceSet files) =>
        from use in Uses(files, TestFolders)
        let name = NameOf(use.Symbol)
        where BannedEverywhere.Contains(name)
            || use.Symbol is IMethodSymbol { Parameters.IsEmpty: true } && name == "System.Random..ctor"
            || name == "System.Threading.Tasks.Task.Delay" && WaitsByTheSystemClock(use.Symbol) && !IsInPoll(use.Node)
        select use.Node.Breach($"{name} is banned: poll for the condition, seed the source");

    /// <summary>Nobody can await an async void function, and its exception ends the process.</summary>
    public static IEnumerable<Breach> AsyncVoid(SourceSet files) =>
        from file in files.Under("")
        from node in file.Root.DescendantNodes()
        where node.ChildTokens().Any(token => token.IsKind(SyntaxKind.AsyncKeyword))
        let function = file.Model.GetDeclaredSymbol(node) ?? file.Model.Meaning(node)
        where function is IMethodSymbol { ReturnsVoid: true }
        select node.Breach("async void");

    /// <summary>A test that is switched off proves nothing; one that cannot run here says so while it runs.</summary>
    public static IEnumerable<Breach> SkippedTests(SourceSet files) =>
        from file in files.Under(TestFolders)
        from argument in file.Root.DescendantNodes().OfType<AttributeArgumentSyntax>()
        where argument.NameEquals?.Name.Identifier.ValueText == "Skip"
        select argument.Breach("the test is skipped for good");

    private static IEnumerable<(SyntaxNode Node, ISymbol Symbol)> Uses(SourceSet files, string[] folders) =>
        from file in files.Under(folders)
        from node in file.Root.DescendantNodes()
        where node is BaseObjectCreationExpressionSyntax
            || node is SimpleNameSyntax name && SuspectMembers.Contains(name.Identifier.ValueText)
        let symbol = file.Model.Meaning(node)
        where symbol is IMethodSymbol or IPropertySymbol
        select (node, symbol);

    private static string NameOf(ISymbol member) =>
        member.ContainingType is { } type ? $"{type.FullName()}.{member.Name}" : member.Name;

    // True for a method that takes a time and has a sibling which takes a TimeProvider too.
    private static bool WaitsByTheSystemClock(ISymbol symbol)
    {
        return symbol is IMethodSymbol { ContainingType: { } type } method
            && type.FullName().StartsWith("System.Threading.", Ordinal)
            && method.Parameters.Any(parameter =>
                parameter.Type.Name is "TimeSpan" || parameter.Type.SpecialType == SpecialType.System_Int32)
            && !TakesTimeProvider(method)
            && type.GetMembers(method.Name).Any(TakesTimeProvider);

        static bool TakesTimeProvider(ISymbol member) =>
            member is IMethodSymbol method
            && method.Parameters.Any(parameter => parameter.Type.Name == nameof(TimeProvider));
    }

    private static bool IsInPoll(SyntaxNode node) =>
        node.Ancestors().OfType<TypeDeclarationSyntax>().Any(type => type.Identifier.ValueText == "Poll");
}
