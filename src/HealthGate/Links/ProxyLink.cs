using AnycastVip.HealthGate.Engine;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.HealthGate.Links;

/// <summary>The gate's hold on the proxy: ProxyService.Control.</summary>
/// <param name="options">Of the link.</param>
/// <param name="epoch">Of this gate: greater than that of every gate before it.</param>
internal sealed class ProxyLink(LinkOptions options, ulong epoch)
    : StreamLink<ControlRequest, ControlResponse>(options)
{
    // A proxy that hangs is out of service within a second of its last sign of life; one that only pauses has half a
    // second. Each heartbeat costs an idle node more than a check does: no more of them than that needs.
    private static readonly LinkTimes ProxyTimes =
        new(Heartbeat: TimeSpan.FromMilliseconds(400), Silence: TimeSpan.FromMilliseconds(900));

    /// <inheritdoc/>
    protected override ControlRequest Heartbeat { get; } = new() { Heartbeat = new() };

    /// <inheritdoc/>
    protected override LinkTimes Times => ProxyTimes;

    /// <inheritdoc/>
    protected override bool AnswersSignsOfLife => true;

    /// <summary>Sends a table instead of one that still waits.</summary>
    public void Send(SendTable table) => Outbox?.Replace(new() { Table = ProxyMapping.Table(table) });

    /// <summary>Asks for a count.</summary>
    public void Send(CountVipConnections count) =>
        Outbox?.Add(new() { CountConnections = ProxyMapping.Count(count, new(Clock)) });

    /// <summary>Orders connections to be closed.</summary>
    public void Send(CloseVipConnections close) =>
        Outbox?.Add(new() { CloseConnections = ProxyMapping.Close(close, new(Clock)) });

    /// <inheritdoc/>
    protected override AsyncDuplexStreamingCall<ControlRequest, ControlResponse> Open(
        ChannelBase channel, CancellationToken cancel) =>
        new ProxyService.ProxyServiceClient(channel).Control(cancellationToken: cancel);

    /// <inheritdoc/>
    protected override ControlRequest Hello() =>
        new() { Hello = new() { Epoch = epoch, HeartbeatInterval = ProxyTimes.Heartbeat.ToDuration() } };

    /// <inheritdoc/>
    protected override bool IsSignOfLife(ControlResponse response) => response.ResponseCase
        is ControlResponse.ResponseOneofCase.HeartbeatAck or ControlResponse.ResponseOneofCase.Accepted;

    /// <inheritdoc/>
    protected override GateInput? Read(ControlResponse response) => ProxyMapping.Read(response, new(Clock));

    /// <inheritdoc/>
    protected override bool IsHandOver(ControlResponse response) => response.HandedOver is not null;

    /// <inheritdoc/>
    protected override GateInput Lost(string reason) => new ProxyLost(reason);
}
