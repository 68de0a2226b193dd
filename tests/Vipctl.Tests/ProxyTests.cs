using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Vipctl.Tests;

/// <summary>The proxy's process, and its replacement.</summary>
public sealed class ProxyTests
{
    [Fact]
    public async Task The_process_and_those_that_it_has_replaced_are_shown()
    {
        var run = await RunAsync("proxy show", Serving(8, Left(3), new ReplacedProxy { Pid = 6, IsSilent = true }));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Matches(@"\n8 +serving +\d+s +5 +-\n7 +replaced +\d+s +3 +9m\d+s\n6 +silent +- +0 +-\n", run.Output);
    }

    [Fact]
    public async Task A_replacement_is_over_once_another_process_has_the_socket()
    {
        var run = await RunAsync("proxy replace", Serving(7), Serving(7), Serving(8, Left(3)));
        Assert.Equal((0, "", "pid 8 has taken over from pid 7\n"), (run.ExitCode, run.Error, run.Output));
    }

    [Fact]
    public async Task A_replacement_that_is_waited_for_shows_how_many_connections_are_left()
    {
        var run = await RunAsync(
            "proxy replace --wait", Serving(8, Left(3)), Serving(8, Left(3)), Serving(8, Left(1)), Serving(8));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(
            """
            pid 8 has taken over from pid 7
            pid 7 has 3 connections left
            pid 7 has 1 connections left
            pid 7 has ended

            """,
            run.Output);
    }

    [Fact]
    public async Task As_JSON_only_the_outcome_is_shown()
    {
        var run = await RunAsync("proxy replace --wait -o jsonl", Serving(8, Left(3)), Serving(8));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(8U, GetProxyResponse.Parser.ParseJson(run.Output).Pid);
    }

    [Fact]
    public async Task A_proxy_that_nobody_keeps_is_not_replaced_and_the_remedy_is_told()
    {
        await using var node = new NodeSandbox();
        await node.ServeAsync("proxy", new Script([]));
        var run = await node.RunAsync("proxy replace");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("start 'vipd proxy --replace' beside it", run.Error, StringComparison.Ordinal);
    }

    private static async Task<Vipctl> RunAsync(string line, params GetProxyResponse[] answers)
    {
        await using var node = new NodeSandbox();
        await node.ServeAsync("proxy", new Script(answers));
        return await node.RunAsync(line);
    }

    private static GetProxyResponse Serving(uint process, params ReplacedProxy[] replaced) => new()
    {
        Pid = process,
        Connections = 5,
        StartedAt = TimeProvider.System.GetUtcNow().ToTimestamp(),
        Replaced = { replaced },
    };

    private static ReplacedProxy Left(uint connections) => new()
    {
        Pid = 7,
        Connections = connections,
        ReplacedAt = TimeProvider.System.GetUtcNow().ToTimestamp(),
        EndsAt = (TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(10)).ToTimestamp(),
    };

    /// <summary>A proxy of pid 7 that answers one after the other, the last again and again.</summary>
    private sealed class Script(GetProxyResponse[] answers) : ProxyService.ProxyServiceBase
    {
        private int _asked;

        public override Task<GetProxyResponse> GetProxy(GetProxyRequest request, ServerCallContext context) =>
            Task.FromResult(answers[Math.Min(Interlocked.Increment(ref _asked), answers.Length) - 1]);

        public override Task<ReplaceResponse> Replace(ReplaceRequest request, ServerCallContext context) =>
            answers.Length > 0
                ? Task.FromResult(new ReplaceResponse { Pid = 7 })
                : throw new RpcException(new Status(
                    StatusCode.FailedPrecondition,
                    "'vipd run' does not keep this process: start 'vipd proxy --replace' beside it"));
    }
}
