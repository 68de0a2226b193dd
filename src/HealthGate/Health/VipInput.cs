namespace AnycastVip.HealthGate.Health;

/// <summary>What happens to a VIP.</summary>
public abstract record VipInput;

/// <summary>A deadline may be reached.</summary>
public sealed record VipTimersDue : VipInput;

/// <summary>What is known of its surroundings now.</summary>
/// <param name="Facts">
/// The whole of it. What was not ordered, or not looked at since it was ordered, is <see cref="Proof.Unknown"/>.
/// </param>
public sealed record FactsSeen(VipFacts Facts) : VipInput;

/// <summary>An operator takes the VIP or its node out of service, or takes the order back; so does a stop.</summary>
/// <param name="IsDrained">True: out of service.</param>
/// <param name="Reason">The operator's; may be empty.</param>
/// <param name="ConnectionTimeout">
/// Instead of <see cref="VipDrainSettings.ConnectionTimeout"/>. A repeated order replaces reason and time-out.
/// </param>
public sealed record VipDrainOrdered(bool IsDrained, string Reason, TimeSpan? ConnectionTimeout = null) : VipInput;

/// <summary>A reload changed what the VIP needs.</summary>
/// <param name="Settings">
/// Of the same name and with or without listeners as before; a VIP that differs in these is another one.
/// </param>
public sealed record VipReconfigured(VipSettings Settings) : VipInput;

/// <summary>
/// The UPDATE was written to every Established peer, and acknowledged by it; also when there is no peer.
/// </summary>
/// <param name="What">What it said: the last <see cref="SetAnnouncement"/>. The shell drops those before it.</param>
public sealed record RouteDelivered(Announcement What) : VipInput;

/// <summary>
/// An exact count of the VIP's connections, self-probes left out. None can be left when the proxy is dead.
/// </summary>
/// <param name="At">
/// When it was taken; one from before the routers have followed the withdraw is dropped. At its maximum: none can be
/// left.
/// </param>
/// <param name="Fed">Their clients sent something since <see cref="CountConnections"/> said.</param>
/// <param name="Stranded">Theirs did not.</param>
public sealed record ConnectionsCounted(TimeSpan At, int Fed, int Stranded) : VipInput;

/// <summary>
/// What a VIP wants done. Orders stand until the next one of their kind; when one for address, listener or self-probe
/// was carried out, <see cref="FactsSeen"/> answers it, also if nothing changed.
/// </summary>
public abstract record VipAction;

/// <summary>The VIP's addresses are on `lo`, or off it.</summary>
public sealed record SetAddress(bool Present) : VipAction;

/// <summary>The VIP's listeners are open, or closed.</summary>
public sealed record SetListener(bool Open) : VipAction;

/// <summary>The self-probe runs, from nothing known, or does not.</summary>
public sealed record SetSelfProbe(bool Runs) : VipAction;

/// <summary>Tell the speaker, and answer with <see cref="RouteDelivered"/>.</summary>
public sealed record SetAnnouncement(Announcement What, string Reason) : VipAction;

/// <summary>Count the VIP's connections again and again.</summary>
/// <param name="Since">Connections without a packet from their client since then are stranded; null: stop.</param>
public sealed record CountConnections(TimeSpan? Since) : VipAction;

/// <summary>Close connections.</summary>
/// <param name="StrandedSince">Only those without a packet from their client since then; null: all.</param>
/// <param name="Window">How gently; by default all are reset at once.</param>
public sealed record CloseConnections(TimeSpan? StrandedSince, ClosingWindow Window = default) : VipAction;

/// <summary>The VIP stands differently.</summary>
public sealed record VipStatusChanged(VipStatus From, VipStatus To, string Reason) : VipAction;
