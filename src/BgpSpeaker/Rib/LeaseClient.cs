using System.Runtime.InteropServices;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>A prefix that a client announces with all its VIPs together.</summary>
/// <param name="Route">With the attributes of the first VIP by name.</param>
/// <param name="Since">Smaller than that of every claim made later, by whichever client.</param>
internal readonly record struct Claim(DesiredRoute Route, long Since);

/// <summary>One client: its lease and its VIPs.</summary>
internal sealed class LeaseClient(string id, ulong epoch)
{
    private SortedDictionary<string, LeaseVip> _vips = new(StringComparer.Ordinal);
    private TimeSpan? _nextHeldUntil;
    private bool _claimsAreOld;

    public string Id { get; } = id;

    public ulong Epoch { get; private set; } = epoch;

    /// <summary>Null while no stream holds the lease.</summary>
    public LeaseStream? Stream { get; private set; }

    public TimeSpan Ttl { get; private set; }

    public TimeSpan HeartbeatInterval { get; private set; }

    public TimeSpan LastRequestAt { get; set; }

    /// <summary>When the stream was lost; null while there is one.</summary>
    public TimeSpan? LostAt { get; private set; }

    /// <summary>The lease ran out, and no stream has opened another.</summary>
    public bool HasExpired { get; private set; }

    /// <summary>Of the last set of this epoch; null before the first.</summary>
    public ulong? Revision { get; private set; }

    /// <summary>The revision after which the next one on this stream must come.</summary>
    public ulong? StreamRevision { get; private set; }

    public IReadOnlyDictionary<string, LeaseVip> Vips => _vips;

    /// <summary>What the VIPs announce together.</summary>
    public Dictionary<Prefix, Claim> Claims { get; private set; } = [];

    /// <summary>Routes of all VIPs, announced or not.</summary>
    public int RouteCount { get; private set; }

    /// <summary>
    /// When the lease runs out: its time to live after the last request, or after the loss of the stream.
    /// </summary>
    public TimeSpan Deadline => (LostAt ?? LastRequestAt) + Ttl;

    /// <summary>The next moment at which something runs out; null when nothing will.</summary>
    public TimeSpan? NextDeadline => HasExpired ? _nextHeldUntil
        : _nextHeldUntil < Deadline ? _nextHeldUntil : Deadline;

    /// <summary>Nothing is announced, and nobody is there to change that.</summary>
    public bool IsDead => HasExpired && _nextHeldUntil is null;

    /// <summary>A stream opens or takes over the lease.</summary>
    /// <returns>True when announcements of an older epoch are held.</returns>
    public bool Open(LeaseStream stream, ulong epoch, TimeSpan ttl, TimeSpan heartbeatInterval, TimeSpan now)
    {
        var isNewEpoch = epoch != Epoch;
        if (isNewEpoch)
        {
            // The deadline as it stood: what the new epoch sends cannot prolong what the old one proved.
            var deadline = Deadline;
            Replace(vip => vip.IsAnnouncing
                ? vip.Hold(deadline, $"client {Id} has restarted and has not yet spoken about it")
                : vip);
            Revision = null;
        }
        Epoch = epoch;
        Stream = stream;
        StreamRevision = null;
        Ttl = ttl;
        HeartbeatInterval = heartbeatInterval;
        LastRequestAt = now;
        LostAt = null;
        HasExpired = false;
        return isNewEpoch && _nextHeldUntil is not null;
    }

    /// <summary>The stream has gone: the lease's clock starts.</summary>
    public void LoseStream(TimeSpan now)
    {
        Stream = null;
        LostAt = now;
    }

    /// <summary>What the VIPs would be after <paramref name="set"/>.</summary>
    public SortedDictionary<string, LeaseVip> Apply(DesiredSet set, TimeSpan deadline, AllowList allowList)
    {
        var next = new SortedDictionary<string, LeaseVip>(StringComparer.Ordinal);
        foreach (var declaration in set.Vips)
        {
            var known = _vips.GetValueOrDefault(declaration.Vip) ?? new LeaseVip(declaration.Vip);
            next[declaration.Vip] = known.Declare(declaration, deadline, allowList);
        }
        foreach (var vip in _vips.Values)
        {
            if (vip.IsAnnouncing && !next.ContainsKey(vip.Name))
                next[vip.Name] = vip.Hold(deadline, $"client {Id} left it out of its set");
        }
        return next;
    }

    /// <summary>Takes what <see cref="Apply"/> made.</summary>
    public void Commit(ulong revision, SortedDictionary<string, LeaseVip> vips)
    {
        Revision = revision;
        StreamRevision = revision;
        _vips = vips;
        Recount();
    }

    /// <summary>Judges everything that was declared by another allow-list.</summary>
    public void Judge(AllowList allowList) => Replace(vip => vip.Judge(allowList));

    /// <summary>Withdraws what has run out.</summary>
    /// <param name="now">The time.</param>
    /// <param name="ended">The stream that ended with the lease, if one did.</param>
    /// <returns>False when nothing has run out.</returns>
    public bool Expire(TimeSpan now, out LeaseStream? ended)
    {
        ended = null;
        if (NextDeadline is not { } next || now < next)
            return false;
        var leaseEnds = !HasExpired && now >= Deadline;
        var cause = LostAt is null ? "was silent" : "was gone";
        Replace(vip => vip.State switch
        {
            RouteState.Announced when leaseEnds =>
                vip.Withdraw($"the lease ran out: client {Id} {cause} for {Seconds(Ttl)}"),
            RouteState.Held when now >= vip.HeldUntil =>
                vip.Withdraw($"the lease ran out: {vip.Reason}"),
            _ => vip,
        });
        if (leaseEnds)
        {
            ended = Stream;
            Stream = null;
            HasExpired = true;
        }
        return true;
    }

    /// <summary>Brings <see cref="Claims"/> up to date; a claim that stands keeps its place in time.</summary>
    public void UpdateClaims(ref long sequence)
    {
        if (!_claimsAreOld)
            return;
        _claimsAreOld = false;
        var claims = new Dictionary<Prefix, Claim>(RouteCount);
        foreach (var vip in _vips.Values)
        {
            if (!vip.IsAnnouncing)
                continue;
            foreach (var route in vip.Routes)
            {
                ref var claim = ref CollectionsMarshal.GetValueRefOrAddDefault(claims, route.Prefix, out var isTaken);
                if (!isTaken)
                    claim = new(route, Claims.TryGetValue(route.Prefix, out var old) ? old.Since : ++sequence);
            }
        }
        Claims = claims;
    }

    private void Replace(Func<LeaseVip, LeaseVip> change)
    {
        foreach (var vip in _vips.Values.ToArray())
            _vips[vip.Name] = change(vip);
        Recount();
    }

    private void Recount()
    {
        _claimsAreOld = true;
        RouteCount = _vips.Values.Sum(vip => vip.RouteCount);
        _nextHeldUntil = _vips.Values.Min(vip => vip.HeldUntil);
    }

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.###} s");
}
