using AnycastVip.HealthGate.Engine;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.HealthGate.Links;

/// <summary>How the gate holds what it announces at the speaker.</summary>
/// <param name="Ttl">How long the speaker holds what a dead gate announced, 1–60 s.</param>
/// <param name="Heartbeat">How often the speaker hears of the gate, at most half of that.</param>
internal sealed record Lease(TimeSpan Ttl, TimeSpan Heartbeat);

/// <summary>The gate's lease at the speaker: SpeakerService.Announce.</summary>
/// <param name="options">Of the link.</param>
/// <param name="epoch">Of this gate: greater than that of every gate before it.</param>
/// <param name="lease">As the first stream asks for it.</param>
internal sealed class SpeakerLink(LinkOptions options, ulong epoch, Lease lease)
    : StreamLink<AnnounceRequest, AnnounceResponse>(options)
{
    /// <summary>The name under which gates hold their lease, one after the other.</summary>
    public const string ClientId = "gate";

    private const int SilentHeartbeats = 3;

    private Lease _lease = lease;

    /// <summary>The lease that is asked for. A change opens the stream again, for only its hello can say it.</summary>
    public Lease Lease
    {
        get => Volatile.Read(ref _lease);
        set
        {
            if (value == Lease)
                return;
            Volatile.Write(ref _lease, value);
            Outbox?.Abandon("the configuration asks for another lease");
        }
    }

    /// <inheritdoc/>
    protected override AnnounceRequest Heartbeat { get; } = new() { Heartbeat = new() };

    /// <inheritdoc/>
    protected override LinkTimes Times => new(Lease.Heartbeat, SilentHeartbeats * Lease.Heartbeat);

    /// <inheritdoc/>
    protected override bool AnswersSignsOfLife => false;

    /// <summary>Sends the whole set instead of one that still waits.</summary>
    public void Send(Declare set) => Outbox?.Replace(new() { DesiredSet = SpeakerMapping.Set(set) });

    /// <inheritdoc/>
    protected override AsyncDuplexStreamingCall<AnnounceRequest, AnnounceResponse> Open(
        ChannelBase channel, CancellationToken cancel) =>
        new SpeakerService.SpeakerServiceClient(channel).Announce(cancellationToken: cancel);

    /// <inheritdoc/>
    protected override AnnounceRequest Hello() => new()
    {
        Hello = new()
        {
            ClientId = ClientId,
            Epoch = epoch,
            LeaseTtl = Lease.Ttl.ToDuration(),
            HeartbeatInterval = Lease.Heartbeat.ToDuration(),
        },
    };

    /// <inheritdoc/>
    protected override bool IsSignOfLife(AnnounceResponse response) => response.ResponseCase
        is AnnounceResponse.ResponseOneofCase.HeartbeatAck or AnnounceResponse.ResponseOneofCase.Accepted;

    /// <inheritdoc/>
    protected override GateInput? Read(AnnounceResponse response) => SpeakerMapping.Read(response);

    /// <inheritdoc/>
    protected override bool IsHandOver(AnnounceResponse response) => false;

    /// <inheritdoc/>
    protected override GateInput Lost(string reason) => new SpeakerLost(reason);
}
