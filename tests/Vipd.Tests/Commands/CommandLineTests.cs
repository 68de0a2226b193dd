using System.Threading.Channels;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;
using AnycastVip.Vipd.Tests.Configuration;

namespace AnycastVip.Vipd.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private static readonly string Good = TestFiles.PathOf("good/minimal.yaml");
    private static readonly string Broken = TestFiles.PathOf("broken/001-empty-file.yaml");

    private readonly StringWriter _output = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly List<NodeConfiguration> _started = [];
    private int _processExitCode;

    [Theory]
    [InlineData("--check", "--config")]
    [InlineData("speaker", "--check", "--config")]
    [InlineData("--check", "speaker", "-c")]
    public async Task Check_of_a_good_file_says_ok_and_runs_nothing(params string[] arguments)
    {
        var exitCode = await RunAsync([.. arguments, Good]);

        var expected = $"""
            {Good}: OK
            node n1, AS 65001, sockets in /run/vipd, state in /var/lib/vipd
            listens on 0.0.0.0:179, [::]:179
            may announce 203.0.113.50/32 ge 32 le 32
            lease 5s, heartbeat 1s
            peer r1: 10.0.0.254, AS 65100 (eBGP), ipv4-unicast, hold 9s

            """;
        Assert.Equal((0, expected, ""), (exitCode, _output.ToString(), _error.ToString()));
        Assert.Empty(_started);
    }

    [Fact]
    public async Task Check_shows_checks_pools_and_vips()
    {
        await RunAsync("--check", "--config", TestFiles.PathOf("good/every-key.yaml"));

        string[] expected =
        [
            "check tcp: tcp port 7, every 100ms, while changing every 100ms, timeout 500ms, rise 2, fall 3",
            "check web: http port 8080 /ready?full=1 expects 200-204,301, every 1s, while changing every 200ms, "
            + "timeout 500ms, rise 2, fall 3",
            "check script: exec /bin/sh, every 10s, while changing every 2s, timeout 3s, rise 5, fall 1",
            "pool plain: leastConnections, check tcp, backends only [2001:db8:1::1]:80",
            "pool weighted: roundRobin, check web, backends big 10.0.2.1:80, spare 10.0.2.2:80, small 10.0.2.3:80, "
            + "other-node 10.0.3.1:80 (backup)",
            "vip web: 203.0.113.50, 2001:db8:0:1::50, port 80 to pool weighted, port 443 to pool weighted, "
            + "checks script, web, announces 203.0.113.0/24, 2001:db8::/48",
            "vip dns: 203.0.113.53, announce-only, checks script, announces 203.0.113.53/32",
            "vip plain: 2001:db8:ffff::1, port 80 to pool plain, announces 2001:db8:ffff::/64",
        ];
        Assert.Equal(expected, _output.ToString().TrimEnd('\n').Split('\n').TakeLast(expected.Length));
    }

    [Theory]
    [InlineData("--check", "--config")]
    [InlineData("speaker", "--config")]
    [InlineData("run", "--config")]
    public async Task A_broken_file_is_refused_with_exit_code_2(params string[] arguments)
    {
        var exitCode = await RunAsync([.. arguments, Broken]);

        var expected = $"{Broken}:1:1: error: the file is empty\n";
        Assert.Equal((2, "", expected), (exitCode, _output.ToString(), _error.ToString()));
        Assert.Empty(_started);
    }

    [Theory]
    [InlineData("speaker", 0)]
    [InlineData("speaker", 1)]
    [InlineData("run", 0)]
    public async Task A_process_gets_the_configuration_and_passes_its_exit_code_on(string command, int processExitCode)
    {
        _processExitCode = processExitCode;

        var exitCode = await RunAsync(command, "--config", Good);

        Assert.Equal((processExitCode, "", ""), (exitCode, _output.ToString(), _error.ToString()));
        Assert.Equal("n1", Assert.Single(_started).Speaker.NodeName);
    }

    [Fact]
    public async Task Warnings_are_shown_and_the_speaker_runs()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.Write("node.yaml", "version: 1\nnode: {name: n1, asn: 65001, routerId: 10.0.0.1}\n");

        var exitCode = await RunAsync("speaker", "--config", path);

        var expected = $"""
            {path}:1:1: warning: no peers: nothing is announced to anyone
            {path}:1:1: warning: speaker.allowedPrefixes lists no prefix: nothing may be announced

            """;
        Assert.Equal((0, expected), (exitCode, _error.ToString()));
        Assert.Single(_started);
    }

    [Theory]
    [InlineData("", "vipd: option '--config' is required\nRun 'vipd --help' for usage.\n")]
    [InlineData("--check", "vipd: option '--config' is required\nRun 'vipd --help' for usage.\n")]
    [InlineData("speaker", "vipd: option '--config' is required\nRun 'vipd speaker --help' for usage.\n")]
    [InlineData(
        "--config x", "vipd: say what to run, such as 'vipd speaker', or '--check'\nRun 'vipd --help' for usage.\n")]
    [InlineData(
        "spaeker --config x",
        "vipd: unrecognized command or argument 'spaeker' (did you mean 'speaker'?)\nRun 'vipd --help' for usage.\n")]
    [InlineData(
        "speaker --config x --chekc",
        "vipd: unrecognized command or argument '--chekc' (did you mean '--check'?)\n"
        + "Run 'vipd speaker --help' for usage.\n")]
    [InlineData("frob --config x", "vipd: unrecognized command or argument 'frob'\nRun 'vipd --help' for usage.\n")]
    public async Task Wrong_usage_is_told_on_standard_error_with_exit_code_2(string commandLine, string expected)
    {
        var exitCode = await RunAsync(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((2, "", expected), (exitCode, _output.ToString(), _error.ToString()));
        Assert.Empty(_started);
    }

    [Theory]
    [InlineData("--help", "  speaker  Hold the BGP sessions and announce what live leases ask for.")]
    [InlineData("--help", "  run      Start the processes of the node and keep them running.")]
    [InlineData("speaker --help", "  vipd speaker [options]")]
    [InlineData("-h", "  --check ")]
    public async Task Help_is_what_was_asked_for(string commandLine, string line)
    {
        var exitCode = await RunAsync(commandLine.Split(' '));

        Assert.Equal((0, ""), (exitCode, _error.ToString()));
        Assert.Contains(line, _output.ToString().Replace("AnycastVip.Vipd.Tests", "vipd"));
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        var exitCode = await RunAsync("--version");

        Assert.Equal((0, ""), (exitCode, _error.ToString()));
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", _output.ToString());
    }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    private Task<int> RunAsync(params string[] arguments)
    {
        var commands = NodeProcesses.Commands.Select(command => command with { Run = Start }).ToList();
        var reloads = Channel.CreateBounded<ReloadRequest>(1);
        return new CommandLine(commands).RunAsync(
            arguments, _output, _error, path => new ProcessHost(path, reloads, CancellationToken.None, default));
    }

    private Task<int> Start(NodeConfiguration configuration, ProcessHost host)
    {
        Assert.True(File.Exists(host.ConfigurationPath));
        _started.Add(configuration);
        return Task.FromResult(_processExitCode);
    }
}
