using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>A session with intervals of 300 ms, and what its remote system says.</summary>
internal static class BfdSample
{
    public const uint Ours = 0x11111111;
    public const uint Theirs = 2;

    public static readonly BfdSettings Settings = new(Milliseconds(300), Milliseconds(300), DetectMult: 3);

    public static TimeSpan Milliseconds(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>What the remote system says, Up unless told otherwise.</summary>
    public static BfdPacket RemotePacket(BfdState state) => new()
    {
        State = state,
        DetectMult = 3,
        MyDiscriminator = Theirs,
        YourDiscriminator = Ours,
        DesiredMinTxInterval = Milliseconds(300),
        RequiredMinRxInterval = Milliseconds(300),
    };

    /// <summary>What we say: the slow interval unless Up.</summary>
    public static BfdPacket OurPacket(BfdState state, BfdDiagnostic diagnostic = BfdDiagnostic.None) => new()
    {
        State = state,
        Diagnostic = diagnostic,
        DetectMult = 3,
        MyDiscriminator = Ours,
        YourDiscriminator = Theirs,
        DesiredMinTxInterval = Milliseconds(state == BfdState.Up ? 300 : 1000),
        RequiredMinRxInterval = Milliseconds(300),
    };

    /// <summary>A session that is Up since time zero, its first Poll Sequence over.</summary>
    public static BfdSession InUp(BfdSettings? settings = null)
    {
        var session = BfdFsm.Initial(settings ?? Settings, Ours, seed: 1, TimeSpan.Zero);
        foreach (var packet in new[]
        {
            RemotePacket(BfdState.Down), RemotePacket(BfdState.Init), RemotePacket(BfdState.Up) with { Final = true },
        })
        {
            (session, _) = BfdFsm.Next(session, BfdEvent.Received(packet), TimeSpan.Zero);
        }
        Assert.Equal(BfdState.Up, session.SessionState);
        return session;
    }
}
