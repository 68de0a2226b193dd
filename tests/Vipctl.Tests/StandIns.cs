using AnycastVip.Proto.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace AnycastVip.Vipctl.Tests;

/// <summary>A gate that answers as the test has it, and keeps what it was asked.</summary>
internal sealed class GateStandIn : GateService.GateServiceBase
{
    /// <summary>What a drain and an undrain answer; the token is the caller's hold on the call.</summary>
    public Func<IServerStreamWriter<DrainProgress>, ServerCallContext, Task> Progress { get; set; } =
        (answers, _) => answers.WriteAsync(new() { Phase = DrainPhase.Done });

    public Func<IServerStreamWriter<ListEventsResponse>, ServerCallContext, Task> NewEvents { get; set; } =
        (_, _) => Task.CompletedTask;

    public ListEventsResponse Events { get; } = new();

    public ExplainVipResponse Explanation { get; } = new();

    public ReloadConfigResponse Reload { get; } = new();

    public GetGateResponse Gate { get; } = new() { Node = "edge-1", Verdict = "serving: 1 of 1 VIPs announced" };

    public ListVipsResponse Vips { get; } = new() { Vips = { new Vip { Name = "web", State = VipState.Up } } };

    public ListBackendsResponse Backends { get; } =
        new() { Backends = { new Backend { Pool = "web", Name = "s1", State = BackendState.Up } } };

    /// <summary>The last request.</summary>
    public object? Asked { get; private set; }

    public override async Task Drain(
        DrainRequest request, IServerStreamWriter<DrainProgress> responseStream, ServerCallContext context)
    {
        Asked = request;
        await Progress(responseStream, context);
    }

    public override async Task Undrain(
        UndrainRequest request, IServerStreamWriter<DrainProgress> responseStream, ServerCallContext context)
    {
        Asked = request;
        await Progress(responseStream, context);
    }

    public override Task<ListDrainsResponse> ListDrains(ListDrainsRequest request, ServerCallContext context) =>
        Answer(request, new ListDrainsResponse
        {
            Drains = { new ActiveDrain { Target = new() { Vip = "web" }, OrderedBy = "alice" } },
        });

    public override Task<ListEventsResponse> ListEvents(ListEventsRequest request, ServerCallContext context) =>
        Answer(request, Events);

    public override async Task WatchEvents(
        ListEventsRequest request, IServerStreamWriter<ListEventsResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(await Answer(request, Events));
        await NewEvents(responseStream, context);
    }

    public override Task<ListVipsResponse> ListVips(ListVipsRequest request, ServerCallContext context) =>
        request.Name is "" or "web" ? Answer(request, Vips) : throw Unknown($"no VIP '{request.Name}'; there is web");

    public override async Task WatchVips(
        ListVipsRequest request, IServerStreamWriter<ListVipsResponse> responseStream, ServerCallContext context) =>
        await responseStream.WriteAsync(await ListVips(request, context));

    public override Task<ListBackendsResponse> ListBackends(ListBackendsRequest request, ServerCallContext context) =>
        Answer(request, Backends);

    public override async Task WatchBackends(
        ListBackendsRequest request,
        IServerStreamWriter<ListBackendsResponse> responseStream,
        ServerCallContext context) =>
        await responseStream.WriteAsync(await ListBackends(request, context));

    public override Task<ListChecksResponse> ListChecks(ListChecksRequest request, ServerCallContext context) =>
        Answer(request, new ListChecksResponse { Checks = { new CheckStatus { Name = "http-ok" } } });

    public override Task<ExplainVipResponse> ExplainVip(ExplainVipRequest request, ServerCallContext context) =>
        request.Name == "web" ? Answer(request, Explanation) : throw Unknown($"no VIP '{request.Name}'; there is web");

    public override Task<ReloadConfigResponse> ReloadConfig(ReloadConfigRequest request, ServerCallContext context) =>
        Answer(request, Reload);

    public override Task<GetGateResponse> GetGate(GetGateRequest request, ServerCallContext context) =>
        Answer(request, Gate);

    private static RpcException Unknown(string what) => new(new Status(StatusCode.NotFound, what));

    private Task<TAnswer> Answer<TAnswer>(object request, TAnswer answer)
    {
        Asked = request;
        return Task.FromResult(answer);
    }
}

/// <summary>A speaker with one peer, and whether it was told to withdraw everything.</summary>
internal sealed class SpeakerStandIn : SpeakerService.SpeakerServiceBase
{
    public EmergencyWithdrawRequest? Emergency { get; private set; }

    public override Task<EmergencyWithdrawResponse> EmergencyWithdraw(
        EmergencyWithdrawRequest request, ServerCallContext context)
    {
        Emergency = request;
        return Task.FromResult(new EmergencyWithdrawResponse
        {
            Peers = { new PeerDelivery { Peer = "tor1", State = DeliveryState.Acknowledged } },
        });
    }

    public override Task<LiftEmergencyWithdrawResponse> LiftEmergencyWithdraw(
        LiftEmergencyWithdrawRequest request, ServerCallContext context)
    {
        var lifted = Emergency is not null;
        Emergency = null;
        return Task.FromResult(new LiftEmergencyWithdrawResponse { Lifted = lifted });
    }

    public override Task<GetSpeakerResponse> GetSpeaker(GetSpeakerRequest request, ServerCallContext context) =>
        Task.FromResult(new GetSpeakerResponse { Node = "edge-1" });

    /// <summary>Its only peer.</summary>
    public Peer Peer { get; } = new() { Name = "tor1" };

    public override Task<ListPeersResponse> ListPeers(ListPeersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListPeersResponse { Peers = { Peer } });

    public override async Task WatchPeers(
        ListPeersRequest request, IServerStreamWriter<ListPeersResponse> responseStream, ServerCallContext context) =>
        await responseStream.WriteAsync(await ListPeers(request, context));

    public override Task<ListRoutesResponse> ListRoutes(ListRoutesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListRoutesResponse { Routes = { new Route { Prefix = "203.0.113.50/32" } } });
}

/// <summary>A proxy that counts seven connections.</summary>
internal sealed class ProxyStandIn : ProxyService.ProxyServiceBase
{
    public override Task<GetProxyResponse> GetProxy(GetProxyRequest request, ServerCallContext context) =>
        Task.FromResult(new GetProxyResponse { Node = "edge-1", Connections = 7, MaxConnections = 100 });

    public override Task<GetStatsResponse> GetStats(GetStatsRequest request, ServerCallContext context) =>
        Task.FromResult(new GetStatsResponse { Backends = { new BackendCounters { Pool = "web", Backend = "s1" } } });
}

/// <summary>What can befall a daemon in the middle of a call.</summary>
internal static class Fate
{
    /// <summary>It says nothing more while the caller listens.</summary>
    public static Task Hang(ServerCallContext context) =>
        Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);

    /// <summary>Its connection breaks, as with a process that is killed.</summary>
    public static Task Die(ServerCallContext context)
    {
        context.GetHttpContext().Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        return Hang(context);
    }
}
