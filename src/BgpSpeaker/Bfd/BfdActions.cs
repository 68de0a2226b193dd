namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>What to do after an event: at most one of each kind. A value; the default is nothing.</summary>
/// <param name="Send">To be sent now.</param>
/// <param name="Changed">To be told to whoever relies on the session.</param>
public readonly record struct BfdActions(BfdPacket? Send = null, BfdStateChange? Changed = null);

/// <summary>bfd.SessionState has changed.</summary>
/// <param name="From">The state before.</param>
/// <param name="To">The state now.</param>
/// <param name="Remote">bfd.RemoteSessionState, as last heard.</param>
/// <param name="Diagnostic">bfd.LocalDiag: why.</param>
public readonly record struct BfdStateChange(BfdState From, BfdState To, BfdState Remote, BfdDiagnostic Diagnostic)
{
    /// <summary>
    /// The path failed: what relies on it must act. AdminDown on either side is no failure: RFC 5882 section 3.2 wants
    /// no change in the routing protocol that relies on the session then.
    /// </summary>
    public bool IsFailure => From == BfdState.Up && To == BfdState.Down && Remote != BfdState.AdminDown;
}
