using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AnycastVip.Repo.Tests;

/// <summary>What a reader can hold: functions of 70 lines, files of 500, lines of 120 columns.</summary>
internal static class SizeRules
{
    public const int FunctionLines = 70;
    public const int FileLines = 500;
    public const int LineColumns = 120;

    // Prose and tables of .md, generated .sln and lock files, and data files keep the shape that their readers need.
    private static readonly string[] Extensions = [".cs", ".proto", ".sh", ".yml", ".yaml", ".csproj", ".props"];

    public static IEnumerable<Breach> LongFiles(IEnumerable<SourceFile> files) =>
        from file in files.Where(IsSource)
        let lines = file.Lines.Count()
        where lines > FileLines
        select new Breach(file.Path, FileLines + 1, $"the file has {lines} lines, more than {FileLines}");

    public static IEnumerable<Breach> LongLines(IEnumerable<SourceFile> files) =>
        from file in files.Where(IsSource)
        from line in file.Lines
        let columns = line.Text.EnumerateRunes().Count()
        where columns > LineColumns
        select new Breach(file.Path, line.Number, $"the line has {columns} columns, more than {LineColumns}");

    public static IEnumerable<Breach> LongFunctions(SourceSet files) =>
        from file in files.Under("")
        from function in file.Root.DescendantNodes().Where(IsFunction).Append(file.Root)
        let lines = function == file.Root ? StatementLines(file.Root) : function.LineCount()
        where lines > FunctionLines
        select function.Breach($"the function has {lines} lines, more than {FunctionLines}");

    private static bool IsSource(SourceFile file) => file.IsScript || Extensions.Contains(Path.GetExtension(file.Path));

    private static bool IsFunction(SyntaxNode node) =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
            or AnonymousFunctionExpressionSyntax or PropertyDeclarationSyntax { ExpressionBody: not null };

    // Top-level statements are a function without a name.
    private static int StatementLines(CompilationUnitSyntax root)
    {
        var statements = root.Members.OfType<GlobalStatementSyntax>().ToList();
        if (statements.Count == 0)
            return 0;
        var span = root.SyntaxTree.GetLineSpan(new(
            statements[0].SpanStart, statements[^1].Span.End - statements[0].SpanStart));
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
