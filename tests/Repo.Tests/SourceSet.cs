using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AnycastVip.Repo.Tests;

/// <summary>
/// C# files analysed as one program against the assemblies that this test has: the framework's, gRPC's, protobuf's.
/// Names of other packages stay unresolved.
/// </summary>
internal sealed class SourceSet(Func<IEnumerable<SourceFile>> files)
{
    // What <ImplicitUsings> and tests/Directory.Build.props add to every file.
    private const string ImplicitUsings = """
        global using global::System;
        global using global::System.Collections.Generic;
        global using global::System.IO;
        global using global::System.Linq;
        global using global::System.Net.Http;
        global using global::System.Threading;
        global using global::System.Threading.Tasks;
        global using global::Xunit;
        """;

    private static readonly Lazy<MetadataReference[]> Assemblies = new(() =>
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Select(path => MetadataReference.CreateFromFile(path)),
        ]);

    // The models are kept: what one rule made them find out, the next need not.
    private readonly Lazy<List<(CompilationUnitSyntax Root, SemanticModel Model)>> _models = new(() => Models(files()));

    /// <summary>A set of one file, for the samples that prove a rule.</summary>
    public static SourceSet Of(string path, string text) => new(() => [new SourceFile(path, text)]);

    /// <summary>Each file under one of <paramref name="folders"/>, with what its names mean.</summary>
    public IEnumerable<(CompilationUnitSyntax Root, SemanticModel Model)> Under(params string[] folders) =>
        from file in _models.Value
        where folders.Any(folder => file.Root.SyntaxTree.FilePath.StartsWith(folder, Ordinal))
        select file;

    private static List<(CompilationUnitSyntax Root, SemanticModel Model)> Models(IEnumerable<SourceFile> files)
    {
        var trees = files.Select(file => CSharpSyntaxTree.ParseText(file.Text, path: file.Path)).ToList();
        var compilation = CSharpCompilation.Create(
            "House",
            trees.Prepend(CSharpSyntaxTree.ParseText(ImplicitUsings)),
            Assemblies.Value,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, allowUnsafe: true));
        return [.. trees.Select(tree => (tree.GetCompilationUnitRoot(), compilation.GetSemanticModel(tree)))];
    }
}

internal static class SyntaxNodeExtensions
{
    public static Breach Breach(this SyntaxNode node, string text)
    {
        var line = node.SyntaxTree.GetLineSpan(node.Span).StartLinePosition.Line + 1;
        return new(node.SyntaxTree.FilePath, line, text);
    }

    /// <summary>How many lines the node takes, without the comments in front of it.</summary>
    public static int LineCount(this SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    /// <summary>What a name means; a candidate where the call around it does not resolve.</summary>
    public static ISymbol? Meaning(this SemanticModel model, SyntaxNode node)
    {
        var info = model.GetSymbolInfo(node);
        return info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
    }

    /// <summary>The dotted name of a type or namespace, without its type parameters.</summary>
    public static string FullName(this INamespaceOrTypeSymbol symbol) =>
        symbol.ContainingType is { } outer ? $"{outer.FullName()}.{symbol.Name}"
        : symbol.ContainingNamespace is { IsGlobalNamespace: false } space ? $"{space.ToDisplayString()}.{symbol.Name}"
        : symbol.Name;
}
