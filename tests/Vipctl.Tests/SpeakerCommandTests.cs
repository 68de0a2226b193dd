using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Tests;

/// <summary>What vipctl shows of a speaker, against one with a single peer.</summary>
public sealed class SpeakerCommandTests
{
    [Theory]
    [InlineData("peers", "NAME ")]
    [InlineData("peers tor1", "Peer tor1\n")]
    [InlineData("peers tor1 --watch", "Peer tor1\n")]
    [InlineData("peers tor1 -o jsonl", "{ \"name\": \"tor1\"")]
    [InlineData("bfd", "PEER ")]
    [InlineData("bfd tor1", "PEER ")]
    [InlineData("bfd tor1 --watch", "PEER ")]
    [InlineData("bfd tor1 -o jsonl", "{ \"name\": \"tor1\"")]
    public async Task A_view_of_the_peers_is_chosen_by_the_command_line(string line, string start)
    {
        await using var node = new NodeSandbox();
        var bfd = new BfdSession { State = BfdState.Up };
        await node.ServeAsync("speaker", new SpeakerStandIn { Peer = { Bfd = bfd } });
        var run = await node.RunAsync(line);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith(start, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_without_BFD_exits_4_and_all_of_them_are_an_empty_table()
    {
        await using var node = new NodeSandbox();
        await node.ServeAsync("speaker", new SpeakerStandIn());
        var one = await node.RunAsync("bfd tor1");
        var all = await node.RunAsync("bfd");
        Assert.Equal(
            (4, "", "vipctl: peer 'tor1' has no BFD; set bfd for it in the configuration\n"),
            (one.ExitCode, one.Output, one.Error));
        Assert.Equal(0, all.ExitCode);
        Assert.Equal("PEER", all.Output.Split(' ')[0]);
        Assert.Equal(1, all.Output.Count(c => c == '\n'));
    }
}
