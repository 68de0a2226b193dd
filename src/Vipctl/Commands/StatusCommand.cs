using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl status</c>: asks the three daemons at once and shows what those say that answer.</summary>
internal sealed class StatusCommand(GateCall gate, SpeakerCall speaker, ProxyCall proxy)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly CallSettings _settings = gate.Settings;

    public Command Create()
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "ask and show again every second" };
        var command = new Command("status", "The whole node on one screen; exit 3 when a daemon does not answer.")
        {
            watch,
        };
        command.SetAction((arguments, cancellation) => arguments.GetValue(watch)
            ? WatchAsync(arguments, cancellation)
            : ShowAsync(arguments, isWatch: false, cancellation));
        return command;
    }

    private async Task<int> WatchAsync(ParseResult arguments, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, _settings.Context.Clock);
        do
        {
            await ShowAsync(arguments, isWatch: true, cancellation);
        }
        while (await timer.WaitForNextTickAsync(cancellation));
        return ExitCode.Ok;
    }

    private async Task<int> ShowAsync(ParseResult arguments, bool isWatch, CancellationToken cancellation)
    {
        var status = await AskAsync(arguments, cancellation);
        var context = _settings.Context;
        if (isWatch)
            context.ClearScreen();
        StatusView.Write(status, arguments.GetValue(_settings.Format), context.Clock.GetUtcNow(), context.Out);
        return status.Silent.Count == 0 ? ExitCode.Ok : ExitCode.Unreachable;
    }

    private async Task<NodeStatus> AskAsync(ParseResult arguments, CancellationToken cancellation)
    {
        var call = _settings.DeadlineIn(_settings.TimeoutOf(arguments), cancellation);
        var fromGate = TryAsync(gate, arguments, client => AskGateAsync(client, call));
        var fromSpeaker = TryAsync(speaker, arguments, client => AskSpeakerAsync(client, call));
        var fromProxy = TryAsync(
            proxy, arguments, async client => await client.GetProxyAsync(new GetProxyRequest(), call));
        var (gateStatus, whyNoGate) = await fromGate;
        var (speakerStatus, whyNoSpeaker) = await fromSpeaker;
        var (proxyStatus, whyNoProxy) = await fromProxy;
        cancellation.ThrowIfCancellationRequested();
        (string Daemon, string? Why)[] failures =
            [(gate.Daemon, whyNoGate), (speaker.Daemon, whyNoSpeaker), (proxy.Daemon, whyNoProxy)];
        return new NodeStatus
        {
            Gate = gateStatus,
            Speaker = speakerStatus,
            Proxy = proxyStatus,
            Silent = [.. from failure in failures where failure.Why is not null select (failure.Daemon, failure.Why)],
        };
    }

    private static async Task<GateStatus> AskGateAsync(GateService.GateServiceClient client, CallOptions call) => new(
        await client.GetGateAsync(new GetGateRequest(), call),
        await client.ListVipsAsync(new ListVipsRequest(), call),
        await client.ListBackendsAsync(new ListBackendsRequest(), call));

    private static async Task<SpeakerStatus> AskSpeakerAsync(
        SpeakerService.SpeakerServiceClient client, CallOptions call) => new(
        await client.GetSpeakerAsync(new GetSpeakerRequest(), call),
        await client.ListPeersAsync(new ListPeersRequest(), call),
        await client.ListRoutesAsync(new ListRoutesRequest(), call));

    // One daemon that fails must not hide what the others say.
    private static async Task<(TAnswer? Answer, string? Why)> TryAsync<TClient, TAnswer>(
        DaemonCall<TClient> daemon, ParseResult arguments, Func<TClient, Task<TAnswer>> ask)
        where TAnswer : class
    {
        try
        {
            return (await daemon.AskAsync(arguments, ask), null);
        }
        catch (RpcException error)
        {
            return (null, daemon.FailureOf(arguments, error).Line);
        }
    }
}
