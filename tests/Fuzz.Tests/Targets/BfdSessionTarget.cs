using System.Buffers.Binary;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// The BFD machine, fed with steps: an octet for what happens, two for the milliseconds before it, and a packet if one
/// arrives. All that it sends can be received, and no timer is due twice.
/// </summary>
internal sealed class BfdSessionTarget : FuzzTarget
{
    private const int StepLength = 3;

    private static readonly BfdSettings Settings = new(Milliseconds(300), Milliseconds(300), 3);
    private static readonly BfdSettings OtherSettings = new(Milliseconds(50), Milliseconds(1000), 5);

    private readonly byte[] _buffer = new byte[BfdPacketCodec.Length];

    public override string Name => "bfd-session";

    public override int Share => 7;

    public override long AllocationBound(int inputLength) => 128 * 1024 + (16L * inputLength);

    public override IEnumerable<byte[]> Seeds() => [];

    public override byte[] Generate(Chance chance)
    {
        var input = new List<byte>();
        for (var left = 1 + chance.Below(12); left > 0; left--)
        {
            var kind = (byte)chance.Below(12);
            input.AddRange([kind, (byte)chance.Pick(0, 0, 1, 3), (byte)chance.Below(256)]);
            if (IsPacket(kind))
                input.AddRange(BfdGrammar.Packet(chance));
        }
        return [.. input];
    }

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var now = TimeSpan.FromSeconds(1000);
        var session = BfdFsm.Initial(Settings, localDiscr: 1, seed: 1, now);
        ulong changes = 0;
        while (input.Length >= StepLength)
        {
            var kind = input[0];
            var until = now + Milliseconds(BinaryPrimitives.ReadUInt16BigEndian(input[1..]));
            input = input[StepLength..];
            session = Wait(session, ref now, until, ref changes);
            if (!IsPacket(kind))
            {
                session = Take(session, EventOf(kind), now, ref changes);
                continue;
            }
            var payload = input[..Math.Min(BfdPacketCodec.Length, input.Length)];
            input = input[payload.Length..];
            if (BfdPacketCodec.Decode(payload, out var packet) == BfdDiscardReason.None)
                session = Take(session, BfdEvent.Received(packet), now, ref changes);
        }
        return changes;
    }

    private static bool IsPacket(byte kind) => kind % 12 > 3;

    private static BfdEvent EventOf(byte kind) => (kind % 12) switch
    {
        0 => BfdEvent.PacketsLost,
        1 => BfdEvent.Disable,
        2 => BfdEvent.Enable,
        _ => BfdEvent.Configure(kind % 24 < 12 ? Settings : OtherSettings),
    };

    // A shell that is never late; a few timers are as good as all that a long wait would have.
    private BfdSession Wait(BfdSession session, ref TimeSpan now, TimeSpan until, ref ulong changes)
    {
        for (var turn = 0; turn < 8 && session.NextDeadline is { } due && due <= until; turn++)
        {
            now = due > now ? due : now;
            session = Take(session, BfdEvent.TimersDue, now, ref changes);
            PromiseBroken.Unless(!(session.NextDeadline <= now), "a deadline that was handled is over");
        }
        now = until;
        return session;
    }

    private BfdSession Take(in BfdSession session, in BfdEvent happened, TimeSpan now, ref ulong changes)
    {
        var (next, actions) = BfdFsm.Next(session, happened, now);
        PromiseBroken.Unless(next.LocalDiscr == 1, "a session keeps its name");
        PromiseBroken.Unless(next.SessionState != BfdState.Up || next.RemoteDiscr != 0, "Up knows its remote system");
        PromiseBroken.Unless(
            actions.Changed is null == (next.SessionState == session.SessionState), "each change of state is told");
        if (actions.Changed is { } change)
            changes |= 1UL << (((int)change.From << 4) + ((int)change.To << 2) + (int)change.Remote);
        if (actions.Send is { } packet)
        {
            BfdPacketCodec.Encode(_buffer, packet);
            PromiseBroken.Unless(
                BfdPacketCodec.Decode(_buffer, out var again) == BfdDiscardReason.None && again == packet,
                "what it sends can be received");
            PromiseBroken.Unless(!packet.Demand && !(packet.Poll && packet.Final), "no D, never P and F together");
        }
        return next;
    }

    private static TimeSpan Milliseconds(int count) => TimeSpan.FromMilliseconds(count);
}
