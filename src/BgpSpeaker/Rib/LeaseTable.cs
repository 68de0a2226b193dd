using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>
/// Who announces what, for how long. What is announced (<see cref="Current"/>) is exactly the union of what live
/// leases ask for, within the allow-list.
/// </summary>
/// <remarks>
/// Every method takes the time since a fixed origin, on a clock that goes on during suspend (CLOCK_BOOTTIME), and first
/// withdraws what has run out by then. After each call compare <see cref="Current"/> with what was seen before, take
/// <see cref="TakeEndedStreams"/>, and call <see cref="Advance"/> at <see cref="NextDeadline"/>.
/// </remarks>
public sealed class LeaseTable(AllowList allowList, TimeSpan defaultTtl, TimeSpan defaultHeartbeatInterval)
{
    /// <summary>The most clients that are known at a time.</summary>
    public const int MaximumClients = 64;

    /// <summary>The most VIPs of one set.</summary>
    public const int MaximumVips = 10_000;

    /// <summary>The most routes of all clients together.</summary>
    public const int MaximumRoutes = 100_000;

    /// <summary>The most characters of a client id, a VIP's name.</summary>
    public const int MaximumNameLength = 64;

    /// <summary>The most characters of a reason.</summary>
    public const int MaximumReasonLength = 255;

    private static readonly TimeSpan MinimumTtl = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaximumTtl = TimeSpan.FromSeconds(60);
    private static readonly SearchValues<char> ClientIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    private readonly SortedDictionary<string, LeaseClient> _clients = new(StringComparer.Ordinal);
    private AllowList _allowList = allowList;
    private TimeSpan _defaultTtl = defaultTtl;
    private TimeSpan _defaultHeartbeatInterval = defaultHeartbeatInterval;
    private List<EndedStream> _ended = [];
    private string[] _awaited = [];
    private TimeSpan? _awaitedUntil;
    private long _lastStream;
    private long _lastClaim;

    /// <summary>What is to be announced now.</summary>
    public RouteSet Current { get; private set; } = RouteSet.Empty;

    /// <summary>The emergency withdraw in force, or null.</summary>
    public Emergency? Emergency { get; private set; }

    /// <summary>When <see cref="Advance"/> has something to do; null while nothing can run out.</summary>
    public TimeSpan? NextDeadline =>
        _clients.Values.Select(client => client.NextDeadline).Append(_awaitedUntil).Min();

    /// <summary>
    /// The speaker has restarted: <see cref="Current"/> is not complete before each of these clients has decided about
    /// all of its VIPs.
    /// </summary>
    /// <param name="clients">Who held leases before.</param>
    /// <param name="until">Whoever has not come by then is not waited for any more.</param>
    public void Await(IEnumerable<string> clients, TimeSpan until)
    {
        _awaited = [.. clients];
        _awaitedUntil = until;
        Rebuild();
    }

    /// <summary>Withdraws what has run out.</summary>
    public void Advance(TimeSpan now)
    {
        var changed = now >= _awaitedUntil;
        if (changed)
            _awaited = [];
        foreach (var client in _clients.Values)
        {
            if (!client.Expire(now, out var stream))
                continue;
            changed = true;
            if (stream is { } ended)
                End(ended, $"the lease of client {client.Id} ran out: open a new stream and declare the set again");
        }
        if (changed)
            Rebuild();
    }

    /// <summary>
    /// Takes another configuration. What was declared is judged by the new allow-list at once: routes outside it are
    /// withdrawn, those that it newly permits are announced. The defaults count for leases opened from now on.
    /// </summary>
    public void Reconfigure(
        AllowList allowList, TimeSpan defaultTtl, TimeSpan defaultHeartbeatInterval, TimeSpan now)
    {
        Advance(now);
        _defaultTtl = defaultTtl;
        _defaultHeartbeatInterval = defaultHeartbeatInterval;
        _allowList = allowList;
        foreach (var client in _clients.Values)
            client.Judge(allowList);
        Rebuild();
    }

    /// <summary>Opens a lease, or takes it over: a higher epoch or another stream of the same epoch wins.</summary>
    public bool TryOpen(
        ClientHello hello,
        TimeSpan now,
        [NotNullWhen(true)] out LeaseGrant? grant,
        [NotNullWhen(false)] out LeaseError? error)
    {
        Advance(now);
        grant = null;
        var ttl = hello.Ttl ?? _defaultTtl;
        var heartbeatInterval = hello.HeartbeatInterval
            ?? (_defaultHeartbeatInterval < ttl / 2 ? _defaultHeartbeatInterval : ttl / 2);
        error = CheckHello(hello.ClientId, ttl, heartbeatInterval);
        if (error is not null)
            return false;
        if (!_clients.TryGetValue(hello.ClientId, out var client))
        {
            if (_clients.Count >= MaximumClients && !TryForgetDeadClient())
            {
                error = new(LeaseErrorKind.OutOfResources, $"{MaximumClients} clients hold leases: end one first");
                return false;
            }
            client = new(hello.ClientId, hello.Epoch);
            _clients.Add(hello.ClientId, client);
        }
        if (hello.Epoch < client.Epoch)
        {
            error = new(LeaseErrorKind.OlderEpoch, string.Create(CultureInfo.InvariantCulture,
                $"epoch {hello.Epoch} of client {client.Id} is older than {client.Epoch}, which is known: start anew"));
            return false;
        }
        if (client.Stream is { } superseded)
            End(superseded, $"a newer epoch or stream of client {client.Id} took over");
        var stream = new LeaseStream(++_lastStream);
        var tookOver = client.Open(stream, hello.Epoch, ttl, heartbeatInterval, now);
        Rebuild();
        grant = new(stream, ttl, heartbeatInterval, tookOver);
        return true;
    }

    /// <summary>Takes a client's whole set; single routes may be refused.</summary>
    public bool TryDeclare(
        LeaseStream stream,
        DesiredSet set,
        TimeSpan now,
        [NotNullWhen(true)] out DesiredSetOutcome? outcome,
        [NotNullWhen(false)] out LeaseError? error)
    {
        Advance(now);
        outcome = null;
        if (!TryFind(stream, out var client, out error))
            return false;
        var deadline = client.Deadline;
        client.LastRequestAt = now;
        error = CheckSet(set, client);
        if (error is not null)
            return false;
        var vips = client.Apply(set, deadline, _allowList);
        error = MakeRoom(client, vips.Values.Sum(vip => vip.RouteCount));
        if (error is not null)
            return false;
        client.Commit(set.Revision, vips);
        Rebuild();
        outcome = new(set.Revision, FindRefused(client, set));
        return true;
    }

    /// <summary>The client is alive. Null, or why the request was refused.</summary>
    public LeaseError? Heartbeat(LeaseStream stream, TimeSpan now)
    {
        Advance(now);
        if (TryFind(stream, out var client, out var error))
            client.LastRequestAt = now;
        return error;
    }

    /// <summary>The stream has ended or broken: the lease's clock starts. Does nothing when it ended before.</summary>
    public void LoseStream(LeaseStream stream, TimeSpan now)
    {
        Advance(now);
        if (TryFind(stream, out var client, out _))
            client.LoseStream(now);
    }

    /// <summary>
    /// Withdraws everything and keeps it withdrawn, whatever clients declare, until lifted. Null, or why the request
    /// was refused. A repetition replaces the reason.
    /// </summary>
    /// <param name="reason">1–255 characters.</param>
    /// <param name="now">The time.</param>
    public LeaseError? EmergencyWithdraw(string reason, TimeSpan now)
    {
        Advance(now);
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > MaximumReasonLength)
            return new(LeaseErrorKind.InvalidArgument,
                $"an emergency withdraw needs a reason of 1-{MaximumReasonLength} characters");
        Emergency = new(LeaseVip.OneLine(reason, MaximumReasonLength), Emergency?.Since ?? now);
        Rebuild();
        return null;
    }

    /// <summary>Announces again what live leases ask for. False when no emergency withdraw was in force.</summary>
    public bool LiftEmergencyWithdraw(TimeSpan now)
    {
        Advance(now);
        if (Emergency is null)
            return false;
        Emergency = null;
        Rebuild();
        return true;
    }

    /// <summary>The streams that the table has ended by itself since the last call.</summary>
    public IReadOnlyList<EndedStream> TakeEndedStreams()
    {
        var ended = _ended;
        if (ended.Count > 0)
            _ended = [];
        return ended;
    }

    /// <summary>Every route that a known client declared, in the order of prefixes, then of client ids.</summary>
    public IReadOnlyList<RouteView> ListRoutes(TimeSpan now)
    {
        Advance(now);
        return LeaseReport.Routes(_clients.Values, this, now);
    }

    /// <summary>Every lease that has not run out, in the order of client ids.</summary>
    public IReadOnlyList<LeaseView> ListLeases(TimeSpan now)
    {
        Advance(now);
        return LeaseReport.Leases(_clients.Values, now);
    }

    /// <summary>Why a prefix that a client claims is not announced as it asks; null when it is.</summary>
    internal RefusedRoute? FindObstacle(LeaseClient client, string vip, Prefix prefix)
    {
        if (Emergency is { } emergency)
            return new(vip, prefix.ToString(), RefusalReason.Emergency,
                $"emergency withdraw in force: {emergency.Reason}");
        if (!Current.TryGet(prefix, out var announced) || announced.Equals(client.Claims[prefix].Route))
            return null;
        var first = _clients.Values.Where(other => other.Claims.ContainsKey(prefix))
            .MinBy(other => other.Claims[prefix].Since);
        return new(vip, prefix.ToString(), RefusalReason.Conflict,
            $"client {first?.Id} announced {prefix} first and with other attributes: withdraw it there or ask for "
            + "the same attributes");
    }

    private static LeaseError? CheckHello(string clientId, TimeSpan ttl, TimeSpan heartbeatInterval)
    {
        var isClientId = clientId.Length is > 0 and <= MaximumNameLength
            && !clientId.AsSpan().ContainsAnyExcept(ClientIdCharacters);
        var text = !isClientId
            ? $"a client id has 1-{MaximumNameLength} characters of [A-Za-z0-9._-]"
            : ttl < MinimumTtl || ttl > MaximumTtl
                ? "lease_ttl must be 1 s - 60 s"
                : heartbeatInterval <= TimeSpan.Zero || heartbeatInterval > ttl / 2
                    ? "heartbeat_interval must be more than 0 and at most half of lease_ttl"
                    : null;
        return text is null ? null : new(LeaseErrorKind.InvalidArgument, text);
    }

    private static LeaseError? CheckSet(DesiredSet set, LeaseClient client)
    {
        if (set.Revision <= client.StreamRevision)
            return new(LeaseErrorKind.InvalidArgument, string.Create(CultureInfo.InvariantCulture,
                $"revision {set.Revision} does not grow: the last one was {client.StreamRevision}"));
        if (set.Vips.Count > MaximumVips)
            return new(LeaseErrorKind.OutOfResources, string.Create(CultureInfo.InvariantCulture,
                $"{set.Vips.Count} VIPs in one set: use at most {MaximumVips}"));
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var vip in set.Vips)
        {
            if (vip.Vip.Length is 0 or > MaximumNameLength)
                return new(LeaseErrorKind.InvalidArgument, $"a VIP's name has 1-{MaximumNameLength} characters");
            if (!names.Add(vip.Vip))
                return new(LeaseErrorKind.InvalidArgument, $"VIP {vip.Vip} is in the set twice: name it once");
        }
        return null;
    }

    private LeaseError? MakeRoom(LeaseClient client, int count)
    {
        while (_clients.Values.Sum(known => known == client ? count : known.RouteCount) > MaximumRoutes)
        {
            if (!TryForgetDeadClient())
                return new(LeaseErrorKind.OutOfResources,
                    $"more than {MaximumRoutes} routes of all clients together: declare fewer");
        }
        return null;
    }

    // What dead clients declared is kept for views alone, so it goes first when room is needed.
    private bool TryForgetDeadClient()
    {
        var oldest = _clients.Values.Where(client => client.IsDead).MinBy(client => client.Deadline);
        return oldest is not null && _clients.Remove(oldest.Id);
    }

    private bool TryFind(
        LeaseStream stream, [NotNullWhen(true)] out LeaseClient? client, [NotNullWhen(false)] out LeaseError? error)
    {
        client = _clients.Values.FirstOrDefault(candidate => candidate.Stream == stream);
        error = client is null ? new(LeaseErrorKind.StreamEnded, "this stream holds no lease any more") : null;
        return client is not null;
    }

    private void End(LeaseStream stream, string text) =>
        _ended.Add(new(stream, new(LeaseErrorKind.StreamEnded, text)));

    private ValueList<RefusedRoute> FindRefused(LeaseClient client, DesiredSet set)
    {
        var refused = new List<RefusedRoute>();
        var isAlone = Emergency is null
            && _clients.Values.All(other => other == client || other.Claims.Count == 0);
        foreach (var declaration in set.Vips)
        {
            var vip = client.Vips[declaration.Vip];
            refused.AddRange(vip.Refused.AsSpan());
            if (declaration.Intent != VipIntent.Announce || isAlone)
                continue;
            foreach (var route in vip.Routes)
            {
                if (FindObstacle(client, vip.Name, route.Prefix) is { } obstacle)
                    refused.Add(obstacle);
            }
        }
        return refused.ToValueList();
    }

    // The first announcer's attributes stay; once it is gone, the next one's apply.
    private void Rebuild()
    {
        foreach (var client in _clients.Values)
            client.UpdateClaims(ref _lastClaim);
        var routes = Emergency is null ? FirstOfEach(_clients.Values) : [];
        var revisions = _clients.Values
            .Where(client => !client.HasExpired && client.Revision is not null)
            .Select(client => new ClientRevision(client.Id, client.Epoch, client.Revision!.Value))
            .ToValueList();
        var isComplete = Emergency is not null || Array.TrueForAll(_awaited, HasDecided);
        if (isComplete)
            (_awaited, _awaitedUntil) = ([], null);
        if (routes != Current.Routes || revisions != Current.Revisions || isComplete != Current.IsComplete)
        {
            Current = new(Current.Version + 1, routes == Current.Routes ? Current.Routes : routes, revisions)
            {
                IsComplete = isComplete,
            };
        }
    }

    private bool HasDecided(string client) =>
        _clients.TryGetValue(client, out var known) && known.Revision is not null
            && known.Vips.Values.All(vip => !vip.IsUndecided);

    private static ValueList<DesiredRoute> FirstOfEach(IReadOnlyCollection<LeaseClient> clients)
    {
        var claims = clients.SelectMany(client => client.Claims.Values).ToArray();
        // By keys of their own: a set may be large, and a withdraw of one route waits for the sort of all.
        var prefixes = Array.ConvertAll(claims, claim => claim.Route.Prefix);
        Array.Sort(prefixes, claims);
        var routes = new List<DesiredRoute>(claims.Length);
        for (var i = 0; i < claims.Length;)
        {
            var first = claims[i];
            while (++i < claims.Length && prefixes[i] == first.Route.Prefix)
                first = claims[i].Since < first.Since ? claims[i] : first;
            routes.Add(first.Route);
        }
        return routes.ToValueList();
    }
}
