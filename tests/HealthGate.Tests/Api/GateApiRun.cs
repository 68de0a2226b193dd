using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.HealthGate.Tests.Runtime;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>A real gate that announces its VIP, served on a Unix socket.</summary>
internal sealed class GateApiRun : IAsyncDisposable
{
    private readonly GateRun _run = new();
    private GrpcChannel? _channel;
    private RpcServer? _server;

    public Gate Gate { get; private set; } = null!;

    public GateOptions Options => _run.Options;

    public GateService.GateServiceClient Client { get; private set; } = null!;

    /// <summary>What a reload answers.</summary>
    public ConfigReload Reload { get; set; } = _ => Task.FromResult(new ReloadOutcome(true, [], []));

    private string Socket => Path.Combine(_run.State, "gate.sock");

    /// <summary>Starts all of it.</summary>
    /// <param name="options">Of the gate; null: those of <see cref="GateRun"/>.</param>
    /// <param name="clock">Of the API alone.</param>
    public async Task Start(GateOptions? options = null, TimeProvider? clock = null)
    {
        Gate = await _run.StartAnnounced(options);
        // The last that happens to it by itself.
        await Poll.Until(
            () => Gate.Events.Read(new() { Subject = "vip web" }).Events.Select(happened => happened.Text),
            texts => texts.Contains("every peer has acknowledged the announcement"), GateRun.Patience,
            "the announcement is acknowledged");
        var api = new GateApi(Gate, dryRun => Reload(dryRun), "node.yaml", clock ?? TimeProvider.System);
        _server = new RpcServer(new() { SocketPath = Socket }, NullLoggerFactory.Instance).Add(api);
        await _server.StartAsync(TestContext.Current.CancellationToken);
        _channel = RpcChannel.ForUnixSocket(Socket);
        Client = new(_channel);
    }

    public ForeignClient OpenForeign() => new(Socket);

    /// <summary>As the process does: the gate first, then its server.</summary>
    public async Task Stop()
    {
        await Gate.LeaveAsync();
        await _server!.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        if (Gate is not null)
            await Gate.DisposeAsync();
        await _run.DisposeAsync();
    }
}
