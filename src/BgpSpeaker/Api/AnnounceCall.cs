using System.Threading.Channels;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using DesiredSet = AnycastVip.BgpSpeaker.Rib.DesiredSet;
using VipIntent = AnycastVip.BgpSpeaker.Rib.VipIntent;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>One Announce stream: requests drive the lease, answers and delivery progress go back.</summary>
internal sealed class AnnounceCall(
    Speaker speaker, IAsyncStreamReader<AnnounceRequest> requests, IServerStreamWriter<AnnounceResponse> responses)
{
    // What a client may leave unread before it is told so; progress is not queued, it is read off when there is room.
    private const int MaximumUnread = 256;

    private readonly Channel<AnnounceResponse> _answers =
        Channel.CreateBounded<AnnounceResponse>(new BoundedChannelOptions(MaximumUnread) { SingleReader = true });
    private Declared? _declared;

    /// <summary>Serves the stream until the client ends it, breaks it, or loses the lease.</summary>
    /// <exception cref="RpcException">As the service's comment in speaker.proto says.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!await requests.MoveNext(cancel) || requests.Current.Hello is not { } hello)
            throw Failure(StatusCode.InvalidArgument, "the first request of the stream must carry hello");
        if (!speaker.Leases.TryOpen(Read(hello), out var grant, out var ended, out var refusal))
            throw Failure(refusal);
        Answer(new AnnounceResponse
        {
            Accepted = new AnnounceAccepted
            {
                LeaseTtl = grant.Ttl.ToDuration(),
                HeartbeatInterval = grant.HeartbeatInterval.ToDuration(),
                TookOver = grant.TookOver,
            },
        });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            var writing = WriteAsync(end.Token);
            var reading = ReadAsync(grant.Stream, end.Token);
            var first = await Task.WhenAny(reading, writing, ended);
            if (first == ended)
                throw Failure(await ended);
            await first;
            // The client has ended its side: the lease clock runs from here, and what it asked for is still answered.
            speaker.Leases.LoseStream(grant.Stream);
            _answers.Writer.Complete();
            await writing;
        }
        finally
        {
            speaker.Leases.LoseStream(grant.Stream);
            await end.CancelAsync();
        }
    }

    private async Task ReadAsync(LeaseStream stream, CancellationToken cancel)
    {
        while (await requests.MoveNext(cancel))
        {
            var request = requests.Current;
            switch (request.RequestCase)
            {
                case AnnounceRequest.RequestOneofCase.Heartbeat:
                    if (speaker.Leases.Heartbeat(stream) is { } error)
                        throw Failure(error);
                    Answer(new AnnounceResponse { HeartbeatAck = new HeartbeatAck() });
                    break;
                case AnnounceRequest.RequestOneofCase.DesiredSet:
                    await DeclareAsync(stream, request.DesiredSet, cancel);
                    break;
                default:
                    throw Failure(
                        StatusCode.InvalidArgument, "after hello a request must carry desired_set or heartbeat");
            }
        }
    }

    private async Task DeclareAsync(LeaseStream stream, Proto.V1.DesiredSet request, CancellationToken cancel)
    {
        await speaker.DeclarationTurn.WaitAsync(cancel);
        try
        {
            if (!speaker.Leases.TryDeclare(stream, Read(request), out var outcome, out var error))
                throw Failure(error);
            Volatile.Write(ref _declared, new Declared(outcome.Revision, speaker.Leases.Routes.Version));
            var result = new DesiredSetResult { Revision = outcome.Revision };
            result.Refused.Add(outcome.Refused.Select(RouteMapping.ToProto));
            Answer(new AnnounceResponse { Result = result });
        }
        finally
        {
            speaker.DeclarationTurn.Release();
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        DeliveryProgress? last = null;
        var more = _answers.Reader.WaitToReadAsync(cancel).AsTask();
        while (true)
        {
            var change = speaker.Changes.Next;
            while (_answers.Reader.TryRead(out var answer))
                await responses.WriteAsync(answer, cancel);
            if (Progress(last) is { } progress)
            {
                await responses.WriteAsync(new AnnounceResponse { Progress = progress }, cancel);
                last = progress;
            }
            if (more.IsCompleted)
            {
                if (!await more)
                    return;
                more = _answers.Reader.WaitToReadAsync(cancel).AsTask();
            }
            await Task.WhenAny(more, change).WaitAsync(cancel);
        }
    }

    private DeliveryProgress? Progress(DeliveryProgress? last)
    {
        if (Volatile.Read(ref _declared) is not { } declared)
            return null;
        var wall = new WallTime(speaker.Clock);
        var progress = new DeliveryProgress { Revision = declared.Revision };
        progress.Peers.Add(speaker.Peers.Select(peer => DeliveryMapping.ToProto(peer, declared.Version, wall)));
        return last is not null && last.Revision == progress.Revision && HasSameStates(last, progress)
            ? null
            : progress;
    }

    private static bool HasSameStates(DeliveryProgress left, DeliveryProgress right) =>
        left.Peers.Select(peer => peer.State).SequenceEqual(right.Peers.Select(peer => peer.State));

    private void Answer(AnnounceResponse response)
    {
        if (!_answers.Writer.TryWrite(response))
            throw Failure(StatusCode.ResourceExhausted, $"{MaximumUnread} responses are unread: read the stream");
    }

    private static ClientHello Read(AnnounceHello hello) => new(
        hello.ClientId, hello.Epoch, DurationField.FromProto(hello.LeaseTtl, "lease_ttl"),
        DurationField.FromProto(hello.HeartbeatInterval, "heartbeat_interval"));

    private static DesiredSet Read(Proto.V1.DesiredSet request) =>
        new(request.Revision, request.Vips.Select(Read).ToValueList());

    private static VipDeclaration Read(VipAnnouncement vip) => new(
        vip.Vip,
        vip.Intent switch
        {
            Proto.V1.VipIntent.Announce => VipIntent.Announce,
            Proto.V1.VipIntent.Withdraw => VipIntent.Withdraw,
            Proto.V1.VipIntent.Unknown => VipIntent.Unknown,
            _ => throw Failure(StatusCode.InvalidArgument, $"vip \"{vip.Vip}\": intent must be set"),
        },
        vip.Reason,
        vip.Routes.Select(Read).ToValueList());

    private static RouteDeclaration Read(RouteAnnouncement route)
    {
        var attributes = AttributesMapping.FromProto(route.Attributes, out var fault);
        if (route.PeerAttributes.Count == 0)
            return new RouteDeclaration(route.Prefix, attributes, [], fault);
        var perPeer = new List<PeerAttributes>(route.PeerAttributes.Count);
        foreach (var own in route.PeerAttributes)
        {
            if (perPeer.Exists(known => known.Peer == own.Peer))
                fault ??= $"peer {own.Peer} is named twice: name it once";
            perPeer.Add(new PeerAttributes(own.Peer, AttributesMapping.FromProto(own.Attributes, out var peerFault)));
            fault ??= peerFault is null ? null : $"for peer {own.Peer}: {peerFault}";
        }
        return new RouteDeclaration(route.Prefix, attributes, perPeer.ToValueList(), fault);
    }

    private static RpcException Failure(LeaseError error) => Failure(
        error.Kind switch
        {
            LeaseErrorKind.StreamEnded => StatusCode.Aborted,
            LeaseErrorKind.OlderEpoch => StatusCode.FailedPrecondition,
            LeaseErrorKind.OutOfResources => StatusCode.ResourceExhausted,
            _ => StatusCode.InvalidArgument,
        },
        error.Text);

    private static RpcException Failure(StatusCode code, string text) => new(new Status(code, text));

    private sealed record Declared(ulong Revision, long Version);
}
