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
            node n1, AS 65001, sockets in /run/vipd
            listens on 0.0.0.0:179, [::]:179
            may announce 203.0.113.50/32 ge 32 le 32
            lease 5s, heartbeat 1s
            peer r1: 10.0.0.254, AS 65100 (eBGP), ipv4-unicast, hold 9s

            """;
        Assert.Equal((0, expected, ""), (exitCode, _output.ToString(), _error.ToString()));
        Assert.Empty(_started);
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
    [InlineData("gate --config x", "vipd: unrecognized command or argument 'gate'\nRun 'vipd --help' for usage.\n")]
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
