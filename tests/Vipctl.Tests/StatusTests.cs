using System.Net.Sockets;

namespace AnycastVip.Vipctl.Tests;

/// <summary>The one screen, with every daemon and with some of them.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task With_every_daemon_there_it_shows_them_all_and_exits_0()
    {
        var (node, _) = await WithAllAsync();
        await using var sandbox = node;
        var run = await node.RunAsync("status");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith(
            "edge-1: serving: 1 of 1 VIPs announced\nproxy: 7 of at most 100 connections\n", run.Output,
            StringComparison.Ordinal);
        foreach (var shown in new[] { "tor1", "web", "s1" })
            Assert.Contains(shown, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Routes", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gate", "tor1", "web  Up")]
    [InlineData("speaker", "web   s1", "tor1")]
    [InlineData("proxy", "tor1", "7 of at most")]
    public async Task A_daemon_that_is_not_there_is_named_and_the_rest_is_shown(
        string missing, string shown, string notShown)
    {
        await using var node = new NodeSandbox();
        if (missing != "gate")
            await node.ServeAsync("gate", new GateStandIn());
        if (missing != "speaker")
            await node.ServeAsync("speaker", new SpeakerStandIn());
        if (missing != "proxy")
            await node.ServeAsync("proxy", new ProxyStandIn());
        var run = await node.RunAsync("status");
        Assert.Equal((3, ""), (run.ExitCode, run.Error));
        Assert.Contains(
            $"NO ANSWER from the {missing}: {node.Socket(missing)}: no such socket", run.Output,
            StringComparison.Ordinal);
        Assert.Contains(shown, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(notShown, run.Output, StringComparison.Ordinal);
        // Who is left says what is still announced.
        Assert.Equal(missing == "gate", run.Output.Contains("203.0.113.50/32", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_daemon_that_hangs_is_named_after_the_time_given()
    {
        await using var node = new NodeSandbox();
        await node.ServeAsync("gate", new GateStandIn());
        await node.ServeAsync("speaker", new SpeakerStandIn());
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(node.Socket("proxy")));
        hung.Listen();
        var run = await node.RunAsync("status --timeout 3s -o json");
        Assert.Equal(3, run.ExitCode);
        using var json = System.Text.Json.JsonDocument.Parse(run.Output);
        var silent = Assert.Single(json.RootElement.GetProperty("silent").EnumerateArray());
        Assert.Equal("proxy", silent.GetProperty("daemon").GetString());
        Assert.Contains("no answer", silent.GetProperty("reason").GetString()!, StringComparison.Ordinal);
        Assert.Equal("web", json.RootElement.GetProperty("vips")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Watched_it_is_shown_again_and_goes_on_when_a_daemon_stops()
    {
        var (node, gate) = await WithAllAsync();
        await using var sandbox = node;
        using var interrupt = new CancellationTokenSource();
        var output = new LiveText();
        var run = node.RunAsync("status --watch", output, interrupt.Token);
        await Poll.Until(output.ToString, text => text.Contains("edge-1"), NodeSandbox.Patience, "the first screen");
        gate.Gate.Verdict = "drained";
        await Poll.Until(output.ToString, text => text.Contains("drained"), NodeSandbox.Patience, "the change");
        await node.StopAsync("gate");
        await Poll.Until(output.ToString, text => text.Contains("NO ANSWER"), NodeSandbox.Patience, "the loss");
        await interrupt.CancelAsync();
        Assert.Equal(130, (await run).ExitCode);
    }

    private static async Task<(NodeSandbox Node, GateStandIn Gate)> WithAllAsync()
    {
        var (node, gate) = await NodeSandbox.WithGateAsync();
        await node.ServeAsync("speaker", new SpeakerStandIn());
        await node.ServeAsync("proxy", new ProxyStandIn());
        return (node, gate);
    }
}
