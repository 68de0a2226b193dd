using System.Net.Sockets;

namespace AnycastVip.Vipctl.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "Required command was not provided", "Try 'vipctl --help'")]
    [InlineData("peer", "'peer'", "Try 'vipctl --help'")]
    [InlineData("peers --nope", "unknown option '--nope'", "Try 'vipctl peers --help'")]
    [InlineData("peers one two", "'two'", "Try 'vipctl peers --help'")]
    [InlineData("bfd one two", "'two'", "Try 'vipctl bfd --help'")]
    [InlineData("peers -o xml", "'xml' is not one of table, wide, json, jsonl", "Try")]
    [InlineData("peers --timeout 5", "'5' is not a duration with its unit", "Try")]
    [InlineData("peers --timeout 2h", "at most 1h0m", "Try")]
    [InlineData("peers shutdown", "'name'", "Try 'vipctl peers shutdown --help'")]
    [InlineData("decode --nope", "unknown option '--nope'", "Try 'vipctl decode --help'")]
    [InlineData("decode -o wide ff", "'wide' is not one of text, json", "Try 'vipctl decode --help'")]
    [InlineData("decode --local-as x ff", "'x'", "Try 'vipctl decode --help'")]
    [InlineData("emergency withdraw", "'--reason' is required", "Try 'vipctl emergency withdraw --help'")]
    [InlineData("emergency withdraw --reason why --wait 2m", "at most 1m0s", "Try")]
    [InlineData("drain", "Required command was not provided", "Try 'vipctl drain --help'")]
    [InlineData("drain peers", "'peers'", "Try 'vipctl drain --help'")]
    [InlineData("drain vip", "'name'", "Try 'vipctl drain vip --help'")]
    [InlineData("drain backend s1", "'s1' is not a backend as POOL/NAME", "Try 'vipctl drain backend --help'")]
    [InlineData("drain node --timeout 25h", "at most 1d0h", "Try")]
    [InlineData("--timeout 5m drain node", "'--timeout'", "Try")]
    [InlineData("drain node --wait --no-wait", "--no-wait contradicts", "Try")]
    [InlineData("drain node --no-wait --wait-timeout 5s", "--no-wait contradicts", "Try")]
    [InlineData("drain node --direct --dry-run", "--dry-run is the gate's work", "Try")]
    [InlineData("drain node --direct --timeout 5m", "--timeout is the gate's work", "Try")]
    [InlineData("drain node --direct --wait-timeout 2m", "at most 1m0s", "Try")]
    [InlineData("drain vip web --direct", "'--direct'", "Try 'vipctl drain vip --help'")]
    [InlineData("undrain node --reason why", "'--reason'", "Try 'vipctl undrain node --help'")]
    [InlineData("events --limit 0", "'0' is not a number from 1 to 10000", "Try 'vipctl events --help'")]
    [InlineData("events --limit 10001", "'10001' is not a number from 1 to 10000", "Try")]
    [InlineData("events --severity loud", "'loud' is not one of info, warning, error", "Try")]
    [InlineData("events --after -1", "'-1' is not an event's number", "Try")]
    [InlineData("explain web", "'web'", "Try 'vipctl explain --help'")]
    [InlineData("config check node.yaml -o json", "'-o'", "Try 'vipctl config check --help'")]
    [InlineData("config check", "'file'", "Try 'vipctl config check --help'")]
    public async Task A_wrong_command_line_exits_2_with_the_remedy_on_standard_error(
        string line, string message, string remedy)
    {
        var run = await Vipctl.RunAsync("", line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Contains(remedy, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    public async Task A_reason_of_another_length_than_a_peer_takes_exits_2(int octets)
    {
        var run = await Vipctl.RunAsync("", "peers", "reset", "tor1", "--reason", new string('x', octets));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("1 to 255 octets", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("peers --help")]
    [InlineData("emergency withdraw --help")]
    [InlineData("--version")]
    public async Task Help_and_version_go_to_standard_output_and_exit_0(string line)
    {
        var run = await Vipctl.RunAsync("", line.Split(' '));
        Assert.Equal(0, run.ExitCode);
        Assert.NotEqual("", run.Output);
        Assert.Equal("", run.Error);
    }

    [Theory]
    [InlineData("peers")]
    [InlineData("peers --watch")]
    [InlineData("peers tor1 --watch")]
    [InlineData("bfd")]
    [InlineData("bfd tor1 --watch")]
    [InlineData("routes")]
    [InlineData("routes web --watch")]
    [InlineData("leases")]
    [InlineData("peers shutdown tor1")]
    [InlineData("peers enable tor1")]
    [InlineData("peers reset tor1 --reason why")]
    [InlineData("emergency withdraw --reason why")]
    [InlineData("emergency lift")]
    [InlineData("drain node --direct")]
    [InlineData("vips", "gate")]
    [InlineData("backends web --watch", "gate")]
    [InlineData("checks", "gate")]
    [InlineData("events", "gate")]
    [InlineData("events -f", "gate")]
    [InlineData("explain vip web", "gate")]
    [InlineData("drain vip web", "gate")]
    [InlineData("undrain node", "gate")]
    [InlineData("drains", "gate")]
    [InlineData("config reload", "gate")]
    [InlineData("proxy stats", "proxy")]
    public async Task Without_a_daemon_every_call_exits_3_and_names_the_socket_and_the_remedy(
        string line, string daemon = "speaker")
    {
        await using var node = new NodeSandbox();
        var run = await node.RunAsync(line);
        Assert.Equal(3, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains(node.Socket(daemon), run.Error, StringComparison.Ordinal);
        Assert.Contains("start vipd", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peers")]
    [InlineData("routes --watch")]
    [InlineData("emergency withdraw --reason why --wait 0s")]
    public async Task A_daemon_that_does_not_answer_exits_3_after_the_time_given(string line)
    {
        await using var node = new NodeSandbox();
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(node.Socket("speaker")));
        hung.Listen();
        var run = await node.RunAsync($"{line} --timeout 50ms");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("no answer within the time given", run.Error, StringComparison.Ordinal);
    }
}
