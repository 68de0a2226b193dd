using System.Reflection;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <summary>ProxyService of proto/anycastvip/v1/proxy.proto over the running engine.</summary>
/// <param name="control">What the calls share.</param>
/// <param name="nodeName">This node, as GetProxy tells it.</param>
public sealed class ProxyApi(ProxyControl control, string nodeName) : ProxyService.ProxyServiceBase
{
    // An alarm comes while there is still room for an operator to act.
    private const double AlarmingShare = 0.9;

    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public override Task Control(
        IAsyncStreamReader<ControlRequest> requestStream, IServerStreamWriter<ControlResponse> responseStream,
        ServerCallContext context) =>
        new ControlCall(control, requestStream, responseStream).RunAsync(context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListListenersResponse> ListListeners(
        ListListenersRequest request, ServerCallContext context) => Task.FromResult(ListListeners(request.Vip));

    /// <inheritdoc/>
    public override async Task WatchListeners(
        ListListenersRequest request, IServerStreamWriter<ListListenersResponse> responseStream,
        ServerCallContext context)
    {
        ListListenersResponse? last = null;
        while (true)
        {
            var list = ListListeners(request.Vip);
            if (!list.Equals(last))
                await responseStream.WriteAsync(list, context.CancellationToken);
            last = list;
            await Task.Delay(WatchInterval, control.Clock, context.CancellationToken);
        }
    }

    /// <inheritdoc/>
    public override Task<ListConnectionsResponse> ListConnections(
        ListConnectionsRequest request, ServerCallContext context) =>
        new ConnectionQueries(control).ListAsync(request);

    /// <inheritdoc/>
    public override Task<GetStatsResponse> GetStats(GetStatsRequest request, ServerCallContext context) =>
        Task.FromResult(StatsView.Of(control));

    /// <inheritdoc/>
    public override async Task<GetProxyResponse> GetProxy(GetProxyRequest request, ServerCallContext context)
    {
        var view = control.View();
        var replaced = control.Others is { } others ? await others.DescribeAsync() : [];
        var connections = (uint)view.Snapshot.Connections;
        return new()
        {
            Version = typeof(ProxyApi).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Node = nodeName,
            StartedAt = Timestamp.FromDateTimeOffset(control.StartedAt),
            Revision = view.Snapshot.Revision,
            GateEpoch = view.Epoch,
            GateConnected = view.IsHeld,
            GateSeenAt = view.SeenAt is { } seen ? Timestamp.FromDateTimeOffset(seen) : null,
            Connections = connections,
            MaxConnections = (uint)view.Snapshot.MaxConnections,
            Alarms = { Alarms(view) },
            Pid = (uint)Environment.ProcessId,
            Replaced = { replaced },
            Standing = control.Standing is { } standing ? new(standing) { Connections = connections } : null,
        };
    }

    /// <inheritdoc/>
    public override Task<ReplaceResponse> Replace(ReplaceRequest request, ServerCallContext context)
    {
        if (control.Standing is not null)
            throw Refuse("another process has taken over from this one already");
        if (control.OrderReplacement is not { } order)
            throw Refuse("'vipd run' does not keep this process: start 'vipd proxy --replace' beside it");
        order();
        return Task.FromResult(new ReplaceResponse { Pid = (uint)Environment.ProcessId });
    }

    /// <inheritdoc/>
    public override Task<Proto.V1.ConnectionCounts> CountConnections(
        CountConnections request, ServerCallContext context) => new ConnectionQueries(control).CountAsync(request);

    /// <inheritdoc/>
    public override Task<ConnectionsClosed> CloseConnections(CloseConnections request, ServerCallContext context) =>
        new ConnectionQueries(control).CloseAsync(request);

    private static RpcException Refuse(string text) => new(new Status(StatusCode.FailedPrecondition, text));

    private ListListenersResponse ListListeners(string vip)
    {
        var listeners = control.View().Listeners;
        var chosen = listeners.Where(listener => vip.Length == 0 || listener.Vip == vip).ToList();
        if (vip.Length > 0 && chosen.Count == 0)
            throw new RpcException(new Status(
                StatusCode.NotFound,
                $"no VIP \"{vip}\" in the table; there are: "
                + string.Join(", ", listeners.Select(listener => listener.Vip).Distinct())));
        return new() { Listeners = { chosen } };
    }

    private static IEnumerable<string> Alarms(ControlView view)
    {
        var snapshot = view.Snapshot;
        if (snapshot.Connections >= AlarmingShare * snapshot.MaxConnections)
            yield return $"{snapshot.Connections} of at most {snapshot.MaxConnections} connections are open: raise the "
                + "limit on file descriptors, or the table's max_connections";
        if (snapshot.DroppedObservations > 0)
            yield return $"{snapshot.DroppedObservations} observations found no room since start: the reports to the "
                + "gate lack them";
        foreach (var backend in snapshot.Backends.Where(backend => backend.EjectedFor is not null))
            yield return $"backend {backend.Pool}/{backend.Name} is {BackendTallies.EjectionOf(backend)}";
        foreach (var listener in view.Listeners)
        {
            var what = listener.State switch
            {
                ListenerState.Failed => "does not listen",
                ListenerState.Starved => "cannot accept",
                _ => null,
            };
            if (what is not null)
                yield return $"{listener.Vip}: {listener.Address} port {listener.Port} {what}: {listener.Reason}";
        }
    }
}
