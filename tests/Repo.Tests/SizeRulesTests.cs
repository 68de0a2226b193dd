namespace AnycastVip.Repo.Tests;

public sealed class SizeRulesTests
{
    [Fact]
    public void Files_have_at_most_500_lines() => Breaches.AssertNone(SizeRules.LongFiles(Repository.Files));

    [Fact]
    public void Lines_have_at_most_120_columns() => Breaches.AssertNone(SizeRules.LongLines(Repository.Files));

    [Fact]
    public void Functions_have_at_most_70_lines() => Breaches.AssertNone(SizeRules.LongFunctions(Repository.CSharp));

    [Theory]
    [InlineData("a.cs", SizeRules.FileLines, 0)]
    [InlineData("a.cs", SizeRules.FileLines + 1, 1)]
    [InlineData("a.proto", SizeRules.FileLines + 1, 1)]
    [InlineData("a.md", SizeRules.FileLines + 1, 0)]
    public void A_long_file_is_found(string path, int lines, int breaches) =>
        Assert.Equal(breaches, SizeRules.LongFiles([new(path, Repeat("//\n", lines))]).Count());

    [Theory]
    [InlineData("a.cs", "//", SizeRules.LineColumns, 0)]
    [InlineData("a.cs", "//", SizeRules.LineColumns + 1, 1)]
    [InlineData("tests/run", "#!/bin/sh\n", SizeRules.LineColumns + 1, 1)]
    [InlineData("a.json", "", SizeRules.LineColumns + 1, 0)]
    public void A_long_line_is_found(string path, string start, int columns, int breaches)
    {
        var line = Repeat("–", columns - (start.EndsWith('\n') ? 0 : start.Length));
        Assert.Equal(breaches, SizeRules.LongLines([new(path, start + line + "\n")]).Count());
    }

    [Theory]
    [InlineData("class C {{ void M() {{\n{0}}} }}")]
    [InlineData("class C {{ C() {{\n{0}}} }}")]
    [InlineData("class C {{ void M() {{ void Local() {{\n{0}}} }} }}")]
    [InlineData("class C {{ int P {{ get {{\n{0}return 0; }} }} }}")]
    [InlineData("class C {{ System.Action A = () => {{\n{0}}}; }}")]
    [InlineData(";\n{0};")]
    public void A_long_function_is_found(string frame)
    {
        Assert.Empty(Check(SizeRules.FunctionLines - 2));
        Assert.NotEmpty(Check(SizeRules.FunctionLines));

        IEnumerable<Breach> Check(int statements) => SizeRules.LongFunctions(SourceSet.Of(
            "a.cs", string.Format(null, frame, Repeat(";\n", statements))));
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));
}
