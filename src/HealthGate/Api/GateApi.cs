using System.Reflection;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.HealthGate.Api;

/// <summary>GateService of proto/anycastvip/v1/gate.proto over the running gate.</summary>
/// <param name="gate">The gate.</param>
/// <param name="reload">Reads its configuration again.</param>
/// <param name="configurationFile">The file's path, for views.</param>
/// <param name="clock">The gate's clock.</param>
public sealed class GateApi(Gate gate, ConfigReload reload, string configurationFile, TimeProvider clock)
    : GateService.GateServiceBase
{
    private const uint DefaultEvents = 100;
    private const uint MaximumEvents = 10_000;
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);

    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();

    /// <inheritdoc/>
    public override Task<ListVipsResponse> ListVips(ListVipsRequest request, ServerCallContext context) =>
        Task.FromResult(ListVips(request.Name));

    /// <inheritdoc/>
    public override Task WatchVips(
        ListVipsRequest request, IServerStreamWriter<ListVipsResponse> responseStream, ServerCallContext context) =>
        WatchAsync(() => ListVips(request.Name), responseStream, context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListBackendsResponse> ListBackends(ListBackendsRequest request, ServerCallContext context) =>
        Task.FromResult(ListBackends(request.Pool));

    /// <inheritdoc/>
    public override Task WatchBackends(
        ListBackendsRequest request, IServerStreamWriter<ListBackendsResponse> responseStream,
        ServerCallContext context) =>
        WatchAsync(() => ListBackends(request.Pool), responseStream, context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListChecksResponse> ListChecks(ListChecksRequest request, ServerCallContext context)
    {
        var (filter, view, wall) = (request.Filter, gate.View(), new WallTime(clock));
        var known = view.Checks.Select(check => check.Id.Check).Append(CheckId.SelfProbe).Distinct()
            .Concat(view.Options.Vips.Select(vip => vip.Settings.Name))
            .Concat(view.Backends.Select(backend => $"{backend.Pool}/{backend.Options.Name}"))
            .ToList();
        // A drained VIP may have no check now: that is an empty answer.
        if (filter.Length > 0 && !known.Contains(filter))
            throw new RpcException(new Status(
                StatusCode.NotFound, $"no check, VIP or POOL/BACKEND \"{filter}\"; there are: "
                + string.Join(", ", known)));
        var response = new ListChecksResponse();
        response.Checks.Add(view.Checks
            .Where(check => filter.Length == 0
                || check.Id.Check == filter
                || check.Id.Subject == $"backend {filter}"
                || $"{check.Id.Subject} ".StartsWith($"vip {filter} ", StringComparison.Ordinal))
            .Select(check => CheckMapping.ToProto(check, wall)));
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context) =>
        Task.FromResult(ToProto(gate.Events.Read(QueryOf(request))));

    /// <inheritdoc/>
    public override async Task WatchEvents(
        ListEventsRequest request, IServerStreamWriter<ListEventsResponse> responseStream, ServerCallContext context)
    {
        using var follower = gate.Events.Follow(QueryOf(request));
        await responseStream.WriteAsync(ToProto(follower.First), context.CancellationToken);
        while (await follower.Events.WaitToReadAsync(context.CancellationToken))
        {
            var response = new ListEventsResponse { Lost = follower.TakeLost() };
            while (response.Events.Count < DefaultEvents && follower.Events.TryRead(out var happened))
                response.Events.Add(EventMapping.ToProto(happened));
            await responseStream.WriteAsync(response, context.CancellationToken);
        }
    }

    /// <inheritdoc/>
    public override Task Drain(
        DrainRequest request, IServerStreamWriter<DrainProgress> responseStream, ServerCallContext context) =>
        new DrainCall(gate, clock, responseStream).DrainAsync(request, context);

    /// <inheritdoc/>
    public override Task Undrain(
        UndrainRequest request, IServerStreamWriter<DrainProgress> responseStream, ServerCallContext context) =>
        new DrainCall(gate, clock, responseStream).UndrainAsync(request, context);

    /// <inheritdoc/>
    public override Task<ListDrainsResponse> ListDrains(ListDrainsRequest request, ServerCallContext context)
    {
        var response = new ListDrainsResponse();
        response.Drains.Add(Drains(gate.View()));
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<ExplainVipResponse> ExplainVip(ExplainVipRequest request, ServerCallContext context)
    {
        var view = gate.View();
        var vip = view.Vips.FirstOrDefault(vip => vip.Options.Settings.Name == request.Name);
        // It may go with a reload in between.
        return vip is not null && gate.Explain(request.Name) is { } links
            ? Task.FromResult(ExplainMapping.ToProto(vip, links, new WallTime(clock)))
            : throw NoVip(request.Name, view);
    }

    /// <inheritdoc/>
    public override async Task<ReloadConfigResponse> ReloadConfig(
        ReloadConfigRequest request, ServerCallContext context) =>
        EventMapping.ToProto(await reload(request.DryRun));

    /// <inheritdoc/>
    public override Task<GetGateResponse> GetGate(GetGateRequest request, ServerCallContext context)
    {
        var (view, wall) = (gate.View(), new WallTime(clock));
        var response = new GetGateResponse
        {
            Version = typeof(GateApi).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Node = view.Options.NodeName,
            Site = view.Options.Site,
            StartedAt = Timestamp.FromDateTimeOffset(_startedAt),
            Verdict = view.Verdict,
            Speaker = ToProto(view.Speaker, wall),
            Proxy = ToProto(view.Proxy, wall),
            ConfiguredAt = wall.At(view.ConfiguredAt),
            ConfigFile = configurationFile,
            LeaseEpoch = gate.Epoch,
            LeaseTtl = view.Options.LeaseTtl.ToDuration(),
        };
        response.Drains.Add(Drains(view));
        response.Alarms.Add(view.Alarms);
        return Task.FromResult(response);
    }

    private ListVipsResponse ListVips(string name)
    {
        var (view, wall) = (gate.View(), new WallTime(clock));
        var chosen = view.Vips.Where(vip => name.Length == 0 || vip.Options.Settings.Name == name).ToList();
        if (name.Length > 0 && chosen.Count == 0)
            throw NoVip(name, view);
        var response = new ListVipsResponse();
        response.Vips.Add(chosen.Select(vip => VipMapping.ToProto(vip, view, wall)));
        return response;
    }

    private ListBackendsResponse ListBackends(string pool)
    {
        var (view, wall) = (gate.View(), new WallTime(clock));
        var pools = view.Options.Pools.Select(each => each.Name).ToList();
        if (pool.Length > 0 && !pools.Contains(pool))
            throw new RpcException(new Status(
                StatusCode.NotFound, $"no pool \"{pool}\"; there are: {string.Join(", ", pools)}"));
        var response = new ListBackendsResponse();
        response.Backends.Add(view.Backends
            .Where(backend => pool.Length == 0 || backend.Pool == pool)
            .Select(backend => BackendMapping.ToProto(backend, view, wall)));
        return response;
    }

    private async Task WatchAsync<T>(Func<T> list, IServerStreamWriter<T> responses, CancellationToken cancel)
    {
        while (true)
        {
            var version = gate.Version;
            await responses.WriteAsync(list(), cancel);
            await gate.ChangedAfter(version).WaitAsync(cancel);
            await Task.Delay(WatchInterval, clock, cancel);
        }
    }

    private static IEnumerable<ActiveDrain> Drains(GateView view) =>
        view.Drains.Orders.Select(order => DrainMapping.ToProto(order, view));

    private static ProcessLink ToProto(LinkStanding link, WallTime wall) => new()
    {
        Connected = link.IsConnected,
        Since = wall.At(link.Since),
        Reason = link.Reason,
    };

    private static ListEventsResponse ToProto(EventPage page)
    {
        var response = new ListEventsResponse { Lost = page.Lost };
        response.Events.Add(page.Events.Select(EventMapping.ToProto));
        return response;
    }

    private static EventQuery QueryOf(ListEventsRequest request)
    {
        if (request.Limit > MaximumEvents)
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, $"limit is {request.Limit}: at most {MaximumEvents}"));
        return new()
        {
            AfterId = request.AfterId,
            Subject = request.Subject,
            MinSeverity = EventMapping.FromProto(request.MinSeverity),
            Limit = (int)(request.Limit == 0 ? DefaultEvents : request.Limit),
        };
    }

    private static RpcException NoVip(string name, GateView view) => new(new Status(
        StatusCode.NotFound,
        $"no VIP \"{name}\"; there are: {string.Join(", ", view.Options.Vips.Select(vip => vip.Settings.Name))}"));
}
