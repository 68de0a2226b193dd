using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using BfdState = AnycastVip.BgpSpeaker.Bfd.BfdState;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>A BFD session's status as the API's message.</summary>
internal static class BfdMapping
{
    /// <summary>Writes a message.</summary>
    public static Proto.V1.BfdSession ToProto(BfdStatus status, bool isStrict, WallTime wall)
    {
        var session = status.Session;
        return new()
        {
            State = ToProto(session.SessionState),
            StateSince = wall.At(session.Since),
            RemoteState = ToProto(session.RemoteSessionState),
            LocalDiagnostic = Describe(session.LocalDiag),
            RemoteDiagnostic = Describe(session.RemoteDiag),
            LocalDiscriminator = session.LocalDiscr,
            RemoteDiscriminator = session.RemoteDiscr,
            Multihop = status.IsMultihop,
            Strict = isStrict,
            TransmitInterval = session.TransmitInterval.ToDuration(),
            DetectionTime = session.DetectionTime.ToDuration(),
            Local = Timers(
                session.DesiredMinTxInterval, session.RequiredMinRxInterval, session.Settings.DetectMult),
            Remote = Timers(
                session.RemoteDesiredMinTxInterval, session.RemoteMinRxInterval, session.RemoteDetectMult),
            PacketsSent = (ulong)status.PacketsSent,
            PacketsReceived = (ulong)status.PacketsReceived,
            PacketsDiscarded = (ulong)status.PacketsDiscarded,
            Downs = (ulong)status.Downs,
            Lateness = new()
            {
                Mean = status.Lateness.Mean.ToDuration(),
                Maximum = status.Lateness.Maximum.ToDuration(),
                LatePackets = (ulong)status.Lateness.LatePackets,
            },
            LastReceivedAt = wall.At(status.PacketsReceived == 0 ? null : session.LastReceived),
        };
    }

    private static BfdTimers Timers(TimeSpan desiredMinTx, TimeSpan requiredMinRx, byte detectMult) => new()
    {
        DesiredMinTx = desiredMinTx.ToDuration(),
        RequiredMinRx = requiredMinRx.ToDuration(),
        DetectMultiplier = detectMult,
    };

    private static string Describe(BfdDiagnostic diagnostic) =>
        diagnostic == BfdDiagnostic.None ? "" : BfdText.Describe(diagnostic);

    private static Proto.V1.BfdState ToProto(BfdState state) => state switch
    {
        BfdState.AdminDown => Proto.V1.BfdState.AdminDown,
        BfdState.Down => Proto.V1.BfdState.Down,
        BfdState.Init => Proto.V1.BfdState.Init,
        _ => Proto.V1.BfdState.Up,
    };
}
