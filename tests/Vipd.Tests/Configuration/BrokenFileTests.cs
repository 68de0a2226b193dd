using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class BrokenFileTests
{
    public static TheoryData<string> BrokenFiles => new(TestFiles.Names("broken"));

    [Theory]
    [MemberData(nameof(BrokenFiles))]
    public void A_broken_file_is_refused_with_exactly_these_findings(string name)
    {
        var path = TestFiles.PathOf($"broken/{name}");
        var expected = File.ReadAllText(Path.ChangeExtension(path, ".expected"));

        var result = ConfigurationFile.Load(path);

        Assert.Null(result.Configuration);
        var found = result.Diagnostics.Select(diagnostic => $"{diagnostic with { File = name }}\n");
        Assert.Equal(expected, string.Concat(found));
    }

    [Fact]
    public void There_are_files_for_every_kind_of_fault() => Assert.InRange(BrokenFiles.Count, 260, 999);

    [Fact]
    public void A_file_that_does_not_exist_is_refused()
    {
        var result = ConfigurationFile.Load("/nonexistent/node.yaml");

        Assert.Null(result.Configuration);
        Assert.Equal(
            "/nonexistent/node.yaml:1:1: error: cannot read the file: it does not exist",
            Assert.Single(result.Diagnostics).ToString());
    }

    [Fact]
    public void A_directory_is_refused()
    {
        var finding = Assert.Single(ConfigurationFile.Load("/").Diagnostics);

        Assert.Equal("/:1:1: error: cannot read the file: it is a directory", finding.ToString());
    }

    [Fact]
    public void An_empty_path_is_refused()
    {
        var finding = Assert.Single(ConfigurationFile.Load("").Diagnostics);

        Assert.StartsWith(":1:1: error: cannot read the file", finding.ToString());
    }

    [Fact]
    public void A_device_without_end_is_refused_by_its_size()
    {
        var finding = Assert.Single(ConfigurationFile.Load("/dev/zero").Diagnostics);

        Assert.Equal("/dev/zero:1:1: error: the file has more than 1048576 octets", finding.ToString());
    }
}
