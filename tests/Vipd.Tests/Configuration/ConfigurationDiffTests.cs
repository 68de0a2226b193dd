using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class ConfigurationDiffTests : IDisposable
{
    private const string Before = """
        version: 1
        node: {name: n1, site: ams, asn: 65001, routerId: 10.0.0.1}
        peers:
          - {name: r1, address: 10.0.0.254, asn: 65100}
        speaker:
          allowedPrefixes: [{prefix: 203.0.113.0/24, ge: 24}]
        checks:
          up: {type: http, expectStatus: [200-299]}
        pools:
          web: {check: up, backends: [{name: s1, address: "127.0.0.1:8081"}, {name: s2, address: "127.0.0.1:8082"}]}
        vips:
          - {name: web, addresses: [203.0.113.50], listeners: [{port: 80, pool: web}], announce: {med: 100}}
        """;

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public void The_same_text_has_no_difference() => Assert.Empty(Diff(Before, Before));

    [Theory]
    [InlineData("med: 100", "med: 200", "vips.web.announce.med: 100 -> 200")]
    [InlineData(", announce: {med: 100}", "", "vips.web.announce.med: 100 -> nothing")]
    [InlineData("{type: http, ", "{type: http, interval: 2s, ", "checks.up.interval: nothing -> 2s")]
    [InlineData("[200-299]", "[200-299, 404]", "checks.up.expectStatus: [200-299] -> [200-299, 404]")]
    [InlineData(
        "\"127.0.0.1:8082\"", "\"127.0.0.1:9\"", "pools.web.backends.s2.address: 127.0.0.1:8082 -> 127.0.0.1:9")]
    [InlineData(
        ", {name: s2, address: \"127.0.0.1:8082\"}",
        "",
        "pools.web.backends.s2.address: 127.0.0.1:8082 -> nothing",
        "pools.web.backends.s2.name: s2 -> nothing")]
    [InlineData(
        "[{port: 80, pool: web}]",
        "[{port: 443, pool: web}]",
        "vips.web.listeners: [{port: 80, pool: web}] -> [{port: 443, pool: web}]")]
    [InlineData(
        "ge: 24}]",
        "le: 32}]",
        "speaker.allowedPrefixes: [{prefix: 203.0.113.0/24, ge: 24}] -> [{prefix: 203.0.113.0/24, le: 32}]")]
    [InlineData("site: ams", "site: fra", "node.site: ams -> fra")]
    [InlineData("name: n1", "name: n2", "node.name: n1 -> n2 (restart of speaker)")]
    [InlineData("asn: 65001", "asn: 65002", "node.asn: 65001 -> 65002 (restart of speaker)")]
    [InlineData("10.0.0.1}", "10.0.0.2}", "node.routerId: 10.0.0.1 -> 10.0.0.2 (restart of speaker)")]
    [InlineData(
        "speaker:", "speaker:\n  listen: []", "speaker.listen: nothing -> [] (restart of speaker)")]
    [InlineData("version: 1", "version: 1\nlease: {ttl: 9s}", "lease.ttl: nothing -> 9s")]
    [InlineData(
        "version: 1", "version: 1\nproxy: {engine: epoll}", "proxy.engine: nothing -> epoll (restart of proxy)")]
    [InlineData(
        "version: 1",
        "version: 1\napi: {directory: /run/v}\nstate: {directory: /var/v}",
        "api.directory: nothing -> /run/v (restart of all)",
        "state.directory: nothing -> /var/v (restart of gate)")]
    public void A_difference_is_told_with_its_path_and_who_must_restart(
        string old, string now, params string[] expected)
    {
        Assert.Contains(old, Before);

        Assert.Equal(expected, Diff(Before, Before.Replace(old, now)));
    }

    [Fact]
    public void Items_in_another_order_are_no_difference()
    {
        const string First = "{name: s1, address: \"127.0.0.1:8081\"}";
        const string Second = "{name: s2, address: \"127.0.0.1:8082\"}";

        Assert.Empty(Diff(Before, Before.Replace($"{First}, {Second}", $"{Second}, {First}")));
    }

    [Fact]
    public void A_secret_that_changes_in_its_file_is_told_but_not_shown()
    {
        var text = Before.Replace("asn: 65100", "asn: 65100, passwordFile: secret");
        _directory.Write("secret", "first");
        var before = Load("before.yaml", text);
        _directory.Write("secret", "second");
        var after = Load("after.yaml", text);

        Assert.Equal(["peers.r1.password: (secret) -> (secret)"], Diff(before, after));
        Assert.Equal(
            ["peers.r1.password: (secret) -> nothing", "peers.r1.passwordFile: secret -> nothing"],
            Diff(after, Load("without.yaml", Before)));
    }

    public void Dispose() => _directory.Dispose();

    private IEnumerable<string> Diff(string before, string after) =>
        Diff(Load("before.yaml", before), Load("after.yaml", after));

    private static IEnumerable<string> Diff(NodeConfiguration before, NodeConfiguration after) =>
        from change in ConfigurationDiff.Between(before, after)
        let restart = change.NeedsRestartOf.Length == 0 ? "" : $" (restart of {change.NeedsRestartOf})"
        select $"{change.Path}: {change.OldValue ?? "nothing"} -> {change.NewValue ?? "nothing"}{restart}";

    private NodeConfiguration Load(string name, string text)
    {
        var result = ConfigurationFile.Load(_directory.Write(name, text));
        Assert.Empty(result.Diagnostics);
        Assert.NotNull(result.Configuration);
        return result.Configuration;
    }
}
