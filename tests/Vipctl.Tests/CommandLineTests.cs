using System.Net.Sockets;

namespace AnycastVip.Vipctl.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("", "Required command was not provided", "Try 'vipctl --help'")]
    [InlineData("peer", "'peer'", "Try 'vipctl --help'")]
    [InlineData("peers --nope", "unknown option '--nope'", "Try 'vipctl peers --help'")]
    [InlineData("peers one two", "'two'", "Try 'vipctl peers --help'")]
    [InlineData("peers -o xml", "'xml' is not one of table, wide, json, jsonl", "Try")]
    [InlineData("peers --timeout 5", "'5' is not a duration with its unit", "Try")]
    [InlineData("peers --timeout 2h", "at most 1h0m", "Try")]
    [InlineData("peers shutdown", "'name'", "Try 'vipctl peers shutdown --help'")]
    [InlineData("decode --nope", "unknown option '--nope'", "Try 'vipctl decode --help'")]
    [InlineData("decode -o wide ff", "'wide' is not one of text, json", "Try 'vipctl decode --help'")]
    [InlineData("decode --local-as x ff", "'x'", "Try 'vipctl decode --help'")]
    [InlineData("emergency withdraw", "'--reason' is required", "Try 'vipctl emergency withdraw --help'")]
    [InlineData("emergency withdraw --reason why --wait 2m", "at most 1m0s", "Try")]
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
    [InlineData("routes")]
    [InlineData("routes web --watch")]
    [InlineData("leases")]
    [InlineData("peers shutdown tor1")]
    [InlineData("peers enable tor1")]
    [InlineData("peers reset tor1 --reason why")]
    [InlineData("emergency withdraw --reason why")]
    [InlineData("emergency lift")]
    public async Task Without_a_daemon_every_call_exits_3_and_names_the_socket_and_the_remedy(string line)
    {
        using var directory = new SocketDirectory();
        var run = await Vipctl.RunAsync("", [.. line.Split(' '), "--api-directory", directory.Path]);
        Assert.Equal(3, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains(directory.Socket, run.Error, StringComparison.Ordinal);
        Assert.Contains("start vipd", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peers")]
    [InlineData("routes --watch")]
    [InlineData("emergency withdraw --reason why --wait 0s")]
    public async Task A_daemon_that_does_not_answer_exits_3_after_the_time_given(string line)
    {
        using var directory = new SocketDirectory();
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(directory.Socket));
        hung.Listen();
        var run = await Vipctl.RunAsync(
            "", [.. line.Split(' '), "--api-directory", directory.Path, "--timeout", "50ms"]);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("no answer within the time given", run.Error, StringComparison.Ordinal);
    }

    private sealed class SocketDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("vipctl").FullName;

        public string Socket => System.IO.Path.Combine(Path, "speaker.sock");

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
