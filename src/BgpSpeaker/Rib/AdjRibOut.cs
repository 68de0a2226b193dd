using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Rib;

/// <summary>How one prefix stands with one peer.</summary>
/// <param name="Advertised">The peer has it from us.</param>
/// <param name="Reason">Why not, or what is special about it, in one line; empty when there is nothing to say.</param>
public sealed record AdvertisedRoute(bool Advertised, string Reason);

/// <summary>
/// What one peer is to be told (RFC 4271 section 3.2: Adj-RIB-Out): desired minus sent, pulled message by message.
/// A slow peer costs no memory, and a route that flaps between two pulls is sent once or not at all.
/// </summary>
public sealed class AdjRibOut
{
    // NLRI of /8 and longer, which is all that the allow-list lets through, takes at least two octets.
    private readonly Prefix[] _batch = new Prefix[MessageSize.Maximum / 2];
    private readonly Dictionary<PathAttributes, AttributeGroup> _groups = [];
    private readonly List<int> _withdrawals = [];
    private readonly List<int> _announcements = [];
    private readonly List<FamilyState> _families = [];

    private List<Row> _rows = [];
    private List<Row> _spareRows = [];
    private ExportContext? _session;
    private RouteSet _desired = RouteSet.Empty;
    private int _nextWithdrawal;
    private int _nextAnnouncement;
    private int _differences;
    private int _groupsMade;
    private (RouteAttributes? Asked, Family Family, AttributeGroup? Group) _lastExport;

    /// <summary>
    /// The version of the latest <see cref="RouteSet"/> that the peer fully has, once what was pulled has reached it;
    /// null without a session, and before the first set was pulled to its end.
    /// </summary>
    public long? SyncedVersion { get; private set; }

    /// <summary>How many prefixes of <paramref name="family"/> the peer has from us.</summary>
    public int CountAdvertised(Family family) => FindFamily(family)?.Advertised ?? 0;

    /// <summary>Replaces what the peer is to have. Costs one pass over the routes when any changed.</summary>
    public void SetDesired(RouteSet desired)
    {
        var unchanged = desired.Routes == _desired.Routes;
        _desired = desired;
        if (!unchanged)
            Plan();
        NoteSynced();
    }

    /// <summary>The session is Established: everything is to be sent, then End-of-RIB for each family.</summary>
    public void SessionUp(ExportContext session)
    {
        SessionDown();
        _session = session;
        foreach (var family in session.Families.AsSpan().ToArray().Distinct())
            _families.Add(new(family) { OwesEndOfRib = true });
        Plan();
        NoteSynced();
    }

    /// <summary>
    /// Attributes or next hops are configured anew while the session lasts: what reads the same is not sent again.
    /// </summary>
    /// <param name="session">As given to <see cref="SessionUp"/>, but for next hops and attributes.</param>
    public void ChangeExport(ExportContext session)
    {
        _session = session;
        for (var i = 0; i < _rows.Count; i++)
            _rows[i] = _rows[i] with { Desired = null };
        Plan();
        NoteSynced();
    }

    /// <summary>The session is gone, and with it everything that the peer had from us.</summary>
    public void SessionDown()
    {
        _session = null;
        _families.Clear();
        _rows.Clear();
        _groups.Clear();
        ClearQueues();
        SyncedVersion = null;
    }

    /// <summary>The peer asks for everything of a family once more, RFC 2918 section 4.</summary>
    /// <param name="family">Ignored unless it was negotiated.</param>
    /// <param name="enhanced">RFC 7313 was negotiated: BoRR and EoRR enclose the routes.</param>
    public void Refresh(Family family, bool enhanced)
    {
        if (FindFamily(family) is not { } state)
            return;
        if (enhanced)
            state.OwesRefresh = true;
        else
            Resend(family);
    }

    /// <summary>
    /// Writes as many whole messages as are due and fit: withdrawals, announcements, then End-of-RIB and route refresh
    /// markers. They count as sent.
    /// </summary>
    /// <param name="buffer">At least 4096 octets.</param>
    /// <param name="written">How many octets were written.</param>
    /// <returns>False when nothing is due.</returns>
    public bool TryNext(Span<byte> buffer, out int written)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, MessageSize.Maximum);
        written = 0;
        while (buffer.Length - written >= MessageSize.Maximum)
        {
            var length = NextMessage(buffer.Slice(written, MessageSize.Maximum));
            if (length == 0)
                break;
            written += length;
        }
        NoteSynced();
        return written > 0;
    }

    /// <summary>How <paramref name="prefix"/> stands with the peer.</summary>
    public AdvertisedRoute Describe(Prefix prefix)
    {
        if (_session is not { } session)
            return new(false, "no session");
        var row = FindRow(prefix);
        var isAdvertised = row?.Sent is not null;
        if (row is not null && row.Value.Sent != row.Value.Target)
            return new(isAdvertised, row.Value.Target is null ? "a withdrawal is due" : "an announcement is due");
        if (!_desired.TryGet(prefix, out var route))
            return new(false, "not to be announced");
        if (!isAdvertised)
            return new(false, session.FindObstacle(prefix.Family) ?? "not to be announced");
        return new(true, ReferenceEquals(route.AttributesFor(session.PeerName), route.Attributes)
            ? ""
            : "announced with attributes for this peer alone");
    }

    private int NextMessage(Span<byte> destination)
    {
        if (_nextWithdrawal < _withdrawals.Count)
            return NextWithdraw(destination);
        if (_nextAnnouncement < _announcements.Count)
            return NextAnnounce(destination);
        foreach (var family in _families)
        {
            var length = NextMarker(family, destination);
            if (length > 0)
                return length;
        }
        return 0;
    }

    private int NextWithdraw(Span<byte> destination)
    {
        var family = _rows[_withdrawals[_nextWithdrawal]].Prefix.Family;
        var batch = Batch(_withdrawals, _nextWithdrawal, row => row.Prefix.Family, family);
        var length = UpdateEncoder.EncodeWithdraw(destination, family, batch, out var consumed);
        for (var i = 0; i < consumed; i++)
            MarkSent(_withdrawals[_nextWithdrawal++]);
        return length;
    }

    private int NextAnnounce(Span<byte> destination)
    {
        var group = _rows[_announcements[_nextAnnouncement]].Target!;
        var batch = Batch(_announcements, _nextAnnouncement, row => row.Target, group);
        var length = UpdateEncoder.EncodeAnnounce(destination, group.Encoded, batch, out var consumed);
        for (var i = 0; i < consumed; i++)
            MarkSent(_announcements[_nextAnnouncement++]);
        return length;
    }

    // RFC 7313 section 4.1: no BoRR before the family's End-of-RIB; EoRR once the routes of that moment were sent.
    private int NextMarker(FamilyState state, Span<byte> destination)
    {
        if (state.OwesEndOfRib)
        {
            // RFC 4724 section 4.1: End-of-RIB makes the peer drop what it kept of an earlier session and was not sent.
            if (!_desired.IsComplete)
                return 0;
            state.OwesEndOfRib = false;
            return UpdateEncoder.EncodeEndOfRib(destination, state.Family);
        }
        if (state.OwesEndOfRefresh)
        {
            state.OwesEndOfRefresh = false;
            return MessageEncoder.EncodeRouteRefresh(
                destination, state.Family, RouteRefreshSubtype.EndOfRouteRefresh);
        }
        if (!state.OwesRefresh)
            return 0;
        state.OwesRefresh = false;
        state.OwesEndOfRefresh = true;
        Resend(state.Family);
        return MessageEncoder.EncodeRouteRefresh(
            destination, state.Family, RouteRefreshSubtype.BeginningOfRouteRefresh);
    }

    private ReadOnlySpan<Prefix> Batch<TKey>(List<int> queue, int from, Func<Row, TKey> keyOf, TKey key)
    {
        var count = 0;
        while (count < _batch.Length && from + count < queue.Count)
        {
            var row = _rows[queue[from + count]];
            if (!EqualityComparer<TKey>.Default.Equals(keyOf(row), key))
                break;
            _batch[count++] = row.Prefix;
        }
        return _batch.AsSpan(0, count);
    }

    private void MarkSent(int index)
    {
        var row = _rows[index];
        if (row.Sent != row.Target)
        {
            _differences--;
            FindFamily(row.Prefix.Family)!.Advertised +=
                (row.Target is null ? 0 : 1) - (row.Sent is null ? 0 : 1);
        }
        _rows[index] = row with { Sent = row.Target, Resend = false };
    }

    private void Resend(Family family)
    {
        for (var i = 0; i < _rows.Count; i++)
        {
            if (_rows[i].Prefix.Family == family && _rows[i].Sent is not null)
                _rows[i] = _rows[i] with { Resend = true };
        }
        Enqueue();
    }

    // Merges the desired routes with the rows, both in the order of prefixes.
    private void Plan()
    {
        if (_session is null)
            return;
        var next = _spareRows;
        next.Clear();
        next.EnsureCapacity(_desired.Routes.Count);
        _lastExport = default;
        var at = 0;
        foreach (var route in _desired.Routes)
        {
            for (; at < _rows.Count && _rows[at].Prefix.CompareTo(route.Prefix) < 0; at++)
                KeepForWithdrawal(next, _rows[at]);
            var row = at < _rows.Count && _rows[at].Prefix == route.Prefix
                ? _rows[at++]
                : new Row(route.Prefix, null, null, null, false);
            next.Add(route.Equals(row.Desired) ? row : row with { Desired = route, Target = GroupOf(route) });
        }
        for (; at < _rows.Count; at++)
            KeepForWithdrawal(next, _rows[at]);
        (_rows, _spareRows) = (next, _rows);
        _spareRows.Clear();
        ForgetUnusedGroups();
        Enqueue();
    }

    private static void KeepForWithdrawal(List<Row> rows, Row row)
    {
        if (row.Sent is not null)
            rows.Add(row with { Desired = null, Target = null, Resend = false });
    }

    // Most routes ask for what the one before asked for.
    private AttributeGroup? GroupOf(DesiredRoute route)
    {
        var asked = route.AttributesFor(_session!.PeerName);
        var family = route.Prefix.Family;
        if (!asked.Equals(_lastExport.Asked) || family != _lastExport.Family)
            _lastExport = (asked, family, MakeGroup(route));
        return _lastExport.Group;
    }

    private AttributeGroup? MakeGroup(DesiredRoute route)
    {
        if (ExportPolicy.Export(route, _session!) is not { } attributes)
            return null;
        if (!_groups.TryGetValue(attributes, out var group))
        {
            group = new(new(attributes, _session!.FourOctetAs), _groupsMade++);
            _groups.Add(attributes, group);
        }
        return group;
    }

    // Attributes that change again and again must not pile up.
    private void ForgetUnusedGroups()
    {
        if (_groups.Count <= 2 * (_rows.Count + 1))
            return;
        var used = _rows.Select(row => row.Target).Concat(_rows.Select(row => row.Sent)).ToHashSet();
        foreach (var (attributes, group) in _groups)
        {
            if (!used.Contains(group))
                _groups.Remove(attributes);
        }
    }

    private void Enqueue()
    {
        ClearQueues();
        var (isInOrder, last) = (true, 0);
        for (var i = 0; i < _rows.Count; i++)
        {
            var row = _rows[i];
            if (row.Sent != row.Target)
                _differences++;
            else if (!row.Resend)
                continue;
            (row.Target is null ? _withdrawals : _announcements).Add(i);
            isInOrder &= row.Target is null || row.Target.Ordinal >= last;
            last = row.Target?.Ordinal ?? last;
        }
        // Equal attributes side by side, so that they share messages; prefixes in order within.
        if (!isInOrder)
        {
            _announcements.Sort((left, right) =>
                (_rows[left].Target!.Ordinal, left).CompareTo((_rows[right].Target!.Ordinal, right)));
        }
    }

    private void ClearQueues()
    {
        _withdrawals.Clear();
        _announcements.Clear();
        _nextWithdrawal = 0;
        _nextAnnouncement = 0;
        _differences = 0;
    }

    private void NoteSynced()
    {
        if (_session is not null && _differences == 0 && !_families.Exists(state => state.OwesEndOfRib))
            SyncedVersion = _desired.Version;
    }

    private FamilyState? FindFamily(Family family)
    {
        foreach (var state in _families)
        {
            if (state.Family == family)
                return state;
        }
        return null;
    }

    private Row? FindRow(Prefix prefix)
    {
        var index = _rows.BinarySearch(new Row(prefix, null, null, null, false), Row.ByPrefix);
        return index >= 0 ? _rows[index] : null;
    }

    /// <summary>Path attributes that some routes share; one object per content, so that identity is equality.</summary>
    private sealed class AttributeGroup(EncodedAttributes encoded, int ordinal)
    {
        public EncodedAttributes Encoded { get; } = encoded;

        public int Ordinal { get; } = ordinal;
    }

    private sealed class FamilyState(Family family)
    {
        public Family Family { get; } = family;

        public int Advertised { get; set; }

        public bool OwesEndOfRib { get; set; }

        public bool OwesRefresh { get; set; }

        public bool OwesEndOfRefresh { get; set; }
    }

    /// <param name="Prefix">The rows are in the order of prefixes.</param>
    /// <param name="Desired">What is to be announced; null: nothing.</param>
    /// <param name="Target">The attributes that it is to have at the peer; null: not there.</param>
    /// <param name="Sent">The attributes that it has at the peer; null: not there.</param>
    /// <param name="Resend">To be sent although the peer has it.</param>
    private readonly record struct Row(
        Prefix Prefix, DesiredRoute? Desired, AttributeGroup? Target, AttributeGroup? Sent, bool Resend)
    {
        public static readonly Comparer<Row> ByPrefix =
            Comparer<Row>.Create((left, right) => left.Prefix.CompareTo(right.Prefix));
    }
}
