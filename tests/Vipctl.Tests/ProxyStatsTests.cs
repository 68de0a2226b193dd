namespace AnycastVip.Vipctl.Tests;

public sealed class ProxyStatsTests
{
    [Theory]
    [InlineData("proxy stats", "web   s1")]
    [InlineData("proxy stats -o json", "\"backend\": \"s1\"")]
    public async Task The_proxys_figures_are_shown(string line, string shown)
    {
        await using var node = new NodeSandbox();
        await node.ServeAsync("proxy", new ProxyStandIn());
        var run = await node.RunAsync(line);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(shown, run.Output, StringComparison.Ordinal);
    }
}
