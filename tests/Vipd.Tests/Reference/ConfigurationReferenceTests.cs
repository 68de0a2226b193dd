namespace AnycastVip.Vipd.Tests.Reference;

public sealed class ConfigurationReferenceTests
{
    [Fact]
    public void The_reference_page_says_what_the_reader_reads() =>
        AssertPublished("configuration.md", ConfigurationReference.Markdown());

    [Fact]
    public void The_published_schema_says_what_the_reader_reads() =>
        AssertPublished("node.schema.json", ConfigurationReference.Schema());

    private static void AssertPublished(string name, string expected)
    {
        var actual = Path.Combine(AppContext.BaseDirectory, "docs", $"expected-{name}");
        File.WriteAllText(actual, expected);
        var published = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", name));
        Assert.True(expected == published, $"docs/{name} is out of date: replace it by {actual}");
    }
}
