using System.Net;
using AnycastVip.BgpSpeaker.Timing;

namespace AnycastVip.BgpSpeaker.Discovery;

/// <summary>
/// Learns the peer of a point-to-point link from its Router Advertisements, and sends ours so that it learns us. Pure.
/// </summary>
public static class DiscoveryFsm
{
    /// <summary>How long a neighbour may be silent before another router on the link takes its place.</summary>
    public static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(30);

    /// <summary>
    /// MaxRtrAdvInterval, RFC 4861 section 6.2.1. With jitter the intervals are 7.5–10 s: MinRtrAdvInterval is
    /// three quarters, the most that is allowed.
    /// </summary>
    public static readonly TimeSpan AdvertisementInterval = TimeSpan.FromSeconds(10);

    // RFC 4861 section 10: MAX_RTR_SOLICITATIONS and MAX_INITIAL_RTR_ADVERTISEMENTS are 3, RTR_SOLICITATION_INTERVAL is
    // 4 s, and so are here the first intervals of advertisements, which may not be shorter than 3 s.
    private const int InitialMessages = 3;
    private static readonly TimeSpan InitialInterval = TimeSpan.FromSeconds(4);

    // A router that learns us dials at once, and is refused until we have learned it: the answer to our solicitation
    // goes first. Two of our own kind on a link have no such answer.
    private static readonly TimeSpan FirstAdvertisementDelay = TimeSpan.FromSeconds(1);

    /// <summary>The state before the first event.</summary>
    /// <param name="seed">For jitter; any number.</param>
    public static DiscoveryState Initial(ulong seed) => new() { Jitter = new JitterSource(seed) };

    /// <summary>When <see cref="DiscoveryTimersDue"/> must be handled next; null: never.</summary>
    public static TimeSpan? NextDeadline(DiscoveryState state) =>
        Deadline.Earliest(state.SolicitationTimer, state.AdvertisementTimer);

    /// <summary>The next state, and what is to be done.</summary>
    public static (DiscoveryState State, IReadOnlyList<DiscoveryAction> Actions) Next(
        DiscoveryState state, DiscoveryEvent happened, TimeSpan now)
    {
        var actions = new List<DiscoveryAction>();
        state = happened switch
        {
            LinkUp up => up.Index == state.Link ? state : Up(state, up.Index, now),
            LinkDown => new DiscoveryState { Jitter = state.Jitter },
            AdvertisementHeard heard => Hear(state, heard.Source, now, actions),
            _ => state,
        };
        return (SendDue(state, now, actions), actions);
    }

    // Whatever was learned on another link, or before it was cut, says nothing about this one.
    private static DiscoveryState Up(DiscoveryState state, int index, TimeSpan now) => new()
    {
        Jitter = state.Jitter,
        Link = index,
        SolicitationTimer = now,
        AdvertisementTimer = now + FirstAdvertisementDelay,
    };

    private static DiscoveryState Hear(
        DiscoveryState state, IPAddress source, TimeSpan now, List<DiscoveryAction> actions)
    {
        if (state.Link is null || source.ScopeId != state.Link)
            return state;
        if (state.Neighbour is { } neighbour && !neighbour.Equals(source) && now - state.HeardAt < SilenceBound)
        {
            if (source.Equals(state.Refused))
                return state;
            actions.Add(new NeighbourRefused(source, neighbour));
            return state with { Refused = source };
        }
        if (source.Equals(state.Neighbour))
            return state with { HeardAt = now };
        actions.Add(new NeighbourFound(source));
        return state with
        {
            Neighbour = source,
            HeardAt = now,
            Refused = null,
            SolicitationTimer = null,
            AdvertisementTimer = state.Advertisements == 0 ? now : state.AdvertisementTimer,
        };
    }

    private static DiscoveryState SendDue(DiscoveryState state, TimeSpan now, List<DiscoveryAction> actions)
    {
        if (now >= state.SolicitationTimer)
        {
            actions.Add(new SendSolicitation());
            state = state with
            {
                Solicitations = state.Solicitations + 1,
                SolicitationTimer = state.Solicitations + 1 < InitialMessages ? now + InitialInterval : null,
            };
        }
        if (now >= state.AdvertisementTimer)
        {
            actions.Add(new SendAdvertisement());
            var sent = state.Advertisements + 1;
            var interval = sent < InitialMessages ? InitialInterval : AdvertisementInterval;
            state = state with
            {
                Advertisements = sent,
                AdvertisementTimer = now + state.Jitter.Apply(interval, out var jitter),
                Jitter = jitter,
            };
        }
        return state;
    }
}
