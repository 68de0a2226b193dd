namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>What a change of the configuration does to the running speaker.</summary>
public enum ChangeEffect
{
    /// <summary>In force at once; no session ends by it.</summary>
    Applied,

    /// <summary>The peer is started.</summary>
    PeerAdded,

    /// <summary>The peer is told Cease/3 (Peer De-configured, RFC 4486) and is gone.</summary>
    PeerRemoved,

    /// <summary>The peer is told Cease/6 (Other Configuration Change, RFC 4486), then starts anew.</summary>
    PeerReset,

    /// <summary>Nothing: what runs stays as it is until the speaker is started anew.</summary>
    NeedsRestart,
}

/// <summary>One difference between two configurations of a speaker.</summary>
/// <param name="Subject">What differs: <c>peer tor1</c>, <c>allow-list</c>.</param>
/// <param name="Effect">What that does.</param>
public sealed record SpeakerChange(string Subject, ChangeEffect Effect)
{
    /// <summary>For people, in one line.</summary>
    public override string ToString() => Effect switch
    {
        ChangeEffect.PeerAdded => $"{Subject}: added",
        ChangeEffect.PeerRemoved => $"{Subject}: removed, its session ends with Cease/3",
        ChangeEffect.PeerReset => $"{Subject}: changed, its session is reset with Cease/6",
        ChangeEffect.NeedsRestart => $"{Subject}: changed, which needs a restart of the speaker",
        _ => $"{Subject}: changed in place",
    };
}
