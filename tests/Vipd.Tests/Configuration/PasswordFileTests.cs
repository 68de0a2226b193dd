using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class PasswordFileTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData("secret", "secret")]
    [InlineData("secret\n", "secret")]
    [InlineData("secret\r\n", "secret")]
    [InlineData(" with spaces ", " with spaces ")]
    [InlineData("gehe\u00EFm", "gehe\u00EFm")]
    public void The_line_without_its_end_is_the_password(string content, string expected)
    {
        _directory.Write("tor1", content);

        var result = ConfigurationFile.Load(WriteConfiguration("tor1"));

        Assert.Empty(result.Diagnostics);
        Assert.Equal(expected, Assert.Single(result.Configuration!.Speaker.Peers).Password);
    }

    [Fact]
    public void Eighty_octets_are_the_longest_password()
    {
        _directory.Write("tor1", $"{new string('p', 80)}\n");

        Assert.NotNull(ConfigurationFile.Load(WriteConfiguration("tor1")).Configuration);
    }

    [Fact]
    public void A_file_that_every_user_can_read_is_a_warning()
    {
        var secret = _directory.Write("tor1", "secret\n", Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        var path = WriteConfiguration(secret);

        var result = ConfigurationFile.Load(path);

        Assert.NotNull(result.Configuration);
        var warning = Assert.Single(result.Diagnostics).ToString();
        Assert.StartsWith($"{path}:4:63: warning: passwordFile: ", warning);
        Assert.EndsWith("is readable by every user of this machine", warning);
    }

    [Fact]
    public void No_finding_shows_the_password()
    {
        _directory.Write("tor1", "hunter2\nhunter3\n");

        var result = ConfigurationFile.Load(WriteConfiguration("tor1"));

        Assert.DoesNotContain("hunter", Assert.Single(result.Diagnostics).ToString());
    }

    public void Dispose() => _directory.Dispose();

    private string WriteConfiguration(string passwordFile) => _directory.Write(
        "node.yaml",
        $$"""
        version: 1
        node: {name: n1, asn: 65001, routerId: 10.0.0.1}
        peers:
          - {name: r1, address: 10.0.0.254, asn: 65100, passwordFile: "{{passwordFile}}"}
        speaker: {allowedPrefixes: [{prefix: 203.0.113.0/24}]}
        """);
}
