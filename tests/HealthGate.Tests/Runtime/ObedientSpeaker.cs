using System.Collections.Concurrent;
using AnycastVip.HealthGate.Tests.Links;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.HealthGate.Tests.Runtime;

/// <summary>A speaker with one peer, which acknowledges everything at once.</summary>
internal sealed class ObedientSpeaker : IAsyncDisposable
{
    private readonly ScriptedSpeaker _script = new();
    private readonly ConcurrentQueue<DesiredSet> _sets = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public ObedientSpeaker() => _serving = _script.Streams.Serve(AnswerAsync, _stop.Token);

    public ScriptedSpeaker Service => _script;

    /// <summary>
    /// What the gate wanted of its only VIP, in turn: "Announce", "Announce graceful-shutdown", "Withdraw". What it
    /// wanted twice in a row is there once.
    /// </summary>
    public IReadOnlyList<string> Wanted
    {
        get
        {
            List<string> all = [];
            foreach (var vip in _sets.SelectMany(set => set.Vips))
            {
                var communities = vip.Routes.SelectMany(route => route.Attributes.Communities);
                var wanted = string.Join(' ', communities.Prepend($"{vip.Intent}"));
                if (all.LastOrDefault() != wanted)
                    all.Add(wanted);
            }
            return all;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AnswerAsync(
        ScriptedStream<AnnounceRequest, AnnounceResponse> stream, AnnounceRequest request)
    {
        switch (request.RequestCase)
        {
            case AnnounceRequest.RequestOneofCase.Hello:
                await stream.Send(new() { Accepted = new() });
                break;
            case AnnounceRequest.RequestOneofCase.Heartbeat:
                await stream.Send(new() { HeartbeatAck = new() });
                break;
            case AnnounceRequest.RequestOneofCase.DesiredSet:
                _sets.Enqueue(request.DesiredSet);
                await stream.Send(new() { Result = new() { Revision = request.DesiredSet.Revision } });
                await stream.Send(new() { Progress = Acknowledged(request.DesiredSet.Revision) });
                break;
        }
    }

    private static DeliveryProgress Acknowledged(ulong revision)
    {
        var now = TimeProvider.System.GetUtcNow().ToTimestamp();
        return new()
        {
            Revision = revision,
            Peers =
            {
                new PeerDelivery
                {
                    Peer = "tor1", State = DeliveryState.Acknowledged, WrittenAt = now, AcknowledgedAt = now,
                },
            },
        };
    }
}
