using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Tests;

public sealed class RefusalTests
{
    private static readonly string[] Sections =
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "refusals.txt")).Split("\n## ")[1..];

    public static TheoryData<string> Names => [.. Sections.Select(NameOf)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_fault_is_named_with_its_place(string name)
    {
        var section = Sections.Single(candidate => NameOf(candidate) == name);
        var parts = section[(name.Length + 1)..].Split("=>\n");

        using var file = new TemporaryTopology(parts[0]);
        var result = TopologyFile.Load(file.File);

        var findings = result.Diagnostics.Select(found => $"{found.Line}:{found.Column}: error: {found.Message}");
        Assert.Equal(parts[1].Trim(), string.Join('\n', findings));
        Assert.Null(result.Topology);
    }

    private static string NameOf(string section) => section[..section.IndexOf('\n', StringComparison.Ordinal)];
}
