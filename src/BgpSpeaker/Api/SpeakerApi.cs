using System.Reflection;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Grpc.Core;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>SpeakerService of proto/anycastvip/v1/speaker.proto over the running speaker.</summary>
public sealed class SpeakerApi(Speaker speaker) : SpeakerService.SpeakerServiceBase
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DefaultEmergencyWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaximumEmergencyWait = TimeSpan.FromSeconds(60);

    /// <inheritdoc/>
    public override Task Announce(
        IAsyncStreamReader<AnnounceRequest> requestStream, IServerStreamWriter<AnnounceResponse> responseStream,
        ServerCallContext context) =>
        new AnnounceCall(speaker, requestStream, responseStream).RunAsync(context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListPeersResponse> ListPeers(ListPeersRequest request, ServerCallContext context) =>
        ListPeersAsync(request.Name);

    /// <inheritdoc/>
    public override Task WatchPeers(
        ListPeersRequest request, IServerStreamWriter<ListPeersResponse> responseStream, ServerCallContext context) =>
        WatchAsync(() => ListPeersAsync(request.Name), responseStream, context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListRoutesResponse> ListRoutes(ListRoutesRequest request, ServerCallContext context) =>
        ListRoutesAsync(request.Filter, context.CancellationToken);

    /// <inheritdoc/>
    public override Task WatchRoutes(
        ListRoutesRequest request, IServerStreamWriter<ListRoutesResponse> responseStream, ServerCallContext context) =>
        WatchAsync(
            () => ListRoutesAsync(request.Filter, context.CancellationToken), responseStream,
            context.CancellationToken);

    /// <inheritdoc/>
    public override Task<ListLeasesResponse> ListLeases(ListLeasesRequest request, ServerCallContext context) =>
        Task.FromResult(RouteMapping.ListLeases(speaker));

    /// <inheritdoc/>
    public override async Task<SetPeerAdminStateResponse> SetPeerAdminState(
        SetPeerAdminStateRequest request, ServerCallContext context)
    {
        var peer = Find(request.Name);
        CheckReason(request.Reason);
        PeerEvent command = request.AdminState switch
        {
            PeerAdminState.Up => new ManualStart(),
            PeerAdminState.Down => new ManualStop(request.Reason),
            _ => throw Invalid("admin_state must be PEER_ADMIN_STATE_UP or PEER_ADMIN_STATE_DOWN"),
        };
        peer.Post(command);
        return new SetPeerAdminStateResponse { Peer = await ToProtoAsync(peer) };
    }

    /// <inheritdoc/>
    public override async Task<ResetPeerResponse> ResetPeer(ResetPeerRequest request, ServerCallContext context)
    {
        var peer = Find(request.Name);
        CheckReason(request.Reason);
        peer.Post(new ManualReset(request.Reason));
        return new ResetPeerResponse { Peer = await ToProtoAsync(peer) };
    }

    /// <inheritdoc/>
    public override async Task<EmergencyWithdrawResponse> EmergencyWithdraw(
        EmergencyWithdrawRequest request, ServerCallContext context)
    {
        var wait = DurationField.FromProto(request.Wait, "wait") ?? DefaultEmergencyWait;
        if (wait < TimeSpan.Zero || wait > MaximumEmergencyWait)
            throw Invalid("wait must be 0s to 60s");
        if (string.IsNullOrWhiteSpace(request.Reason) || request.Reason.Length > LeaseTable.MaximumReasonLength)
            throw Invalid("reason must be 1 to 255 characters: it is what every view shows");
        var version = speaker.Leases.WithdrawEverything(request.Reason);
        await speaker.WaitForDeliveryAsync(version, wait);
        var response = new EmergencyWithdrawResponse();
        response.Peers.Add(speaker.Peers.Select(peer => DeliveryMapping.ToProto(peer, version, WallTimeNow())));
        return response;
    }

    /// <inheritdoc/>
    public override Task<LiftEmergencyWithdrawResponse> LiftEmergencyWithdraw(
        LiftEmergencyWithdrawRequest request, ServerCallContext context) =>
        Task.FromResult(new LiftEmergencyWithdrawResponse { Lifted = speaker.Leases.LiftEmergency() });

    /// <inheritdoc/>
    public override async Task<GetSpeakerResponse> GetSpeaker(GetSpeakerRequest request, ServerCallContext context)
    {
        var options = speaker.Options;
        var wall = WallTimeNow();
        var response = new GetSpeakerResponse
        {
            Version = typeof(SpeakerApi).Assembly
                .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
            Node = options.NodeName,
            Asn = options.Asn,
            RouterId = BgpIdentifierText.Of(options.RouterId),
            StartedAt = wall.At(speaker.StartedAt),
            Emergency = RouteMapping.ToProto(speaker.Leases.Emergency, wall),
            RefusedConnections = (ulong)speaker.RefusedConnections,
        };
        response.AllowedPrefixes.Add(options.AllowedPrefixes.Select(line => line.ToString()));
        response.Alarms.Add(await AlarmsAsync());
        return response;
    }

    private async Task<IEnumerable<string>> AlarmsAsync()
    {
        var sessions = await Task.WhenAll(speaker.Peers.Select(
            async peer => (peer.Options.Name, Session: await peer.AskAsync(engine => engine.Session))));
        return IdentifierAlarms.Find(
            speaker.Options.RouterId,
            [.. from entry in sessions where entry.Session is not null select (entry.Name, entry.Session)]);
    }

    private async Task<ListRoutesResponse> ListRoutesAsync(string filter, CancellationToken cancel)
    {
        await speaker.RouteViewTurn.WaitAsync(cancel);
        try
        {
            return await RouteMapping.ListAsync(speaker, filter);
        }
        finally
        {
            speaker.RouteViewTurn.Release();
        }
    }

    private async Task<ListPeersResponse> ListPeersAsync(string name)
    {
        var chosen = name.Length == 0 ? speaker.Peers : [Find(name)];
        var response = new ListPeersResponse();
        response.Peers.Add(await Task.WhenAll(chosen.Select(ToProtoAsync)));
        return response;
    }

    private async Task<Peer> ToProtoAsync(PeerRunner peer) =>
        PeerMapping.ToProto(
            peer.Options, peer.CurrentAddress, await peer.AskAsync(engine => engine.Status()),
            await peer.BfdStatusAsync(), WallTimeNow());

    private async Task WatchAsync<T>(Func<Task<T>> list, IServerStreamWriter<T> responses, CancellationToken cancel)
    {
        while (true)
        {
            var change = speaker.Changes.Next;
            await responses.WriteAsync(await list(), cancel);
            await change.WaitAsync(cancel);
            await Task.Delay(WatchInterval, speaker.Clock, cancel);
        }
    }

    private PeerRunner Find(string name) =>
        speaker.Peers.FirstOrDefault(peer => peer.Options.Name == name)
        ?? throw new RpcException(new Status(
            StatusCode.NotFound,
            $"no peer \"{name}\"; there are: {string.Join(", ", speaker.Peers.Select(peer => peer.Options.Name))}"));

    private WallTime WallTimeNow() => new(speaker.Clock);

    private static void CheckReason(string reason)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(reason) > Cease.MaximumTextOctets)
            throw Invalid("reason must be at most 255 octets of UTF-8 (RFC 9003)");
    }

    private static RpcException Invalid(string text) => new(new Status(StatusCode.InvalidArgument, text));
}
