using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>The connection to the speaker, what it was told and what it says.</summary>
internal sealed class SpeakerDesk(TimeSpan startedAt)
{
    // Withdrawn until the speaker has judged the set that said so: what is merely left out would be held for the lease.
    private readonly Dictionary<string, ulong> _retired = [];
    private IReadOnlyList<Declaration> _declared = [];
    private Dictionary<string, string> _refused = [];
    private ulong _revision;
    private ulong _delivered;

    public LinkStanding Link { get; private set; } = new(false, startedAt, "not connected yet");

    /// <summary>Of the next declaration.</summary>
    public ulong NextRevision => _revision + 1;

    /// <summary>A declaration goes out even if it is the one before.</summary>
    public bool IsOwed { get; set; }

    /// <summary>The speaker held what an earlier gate announced when this one connected.</summary>
    public bool TookOver { get; private set; }

    /// <summary>How far the last declaration has come.</summary>
    public IReadOnlyList<PeerDelivered> Peers { get; private set; } = [];

    public IEnumerable<RefusedPrefix> Refused => _refused.Select(pair => new RefusedPrefix(pair.Key, pair.Value));

    public string RefusalOf(string prefix) => _refused.GetValueOrDefault(prefix, "");

    /// <summary>Every Established peer has acknowledged the declaration.</summary>
    public bool IsDelivered(ulong revision) => revision <= _delivered;

    public void Connect(bool tookOver, TimeSpan now)
    {
        Link = new(true, now, "");
        (TookOver, IsOwed) = (tookOver, true);
    }

    /// <summary>Notes the loss, or why another attempt failed.</summary>
    /// <returns>True when it was connected.</returns>
    public bool Lose(string reason, TimeSpan now)
    {
        var wasConnected = Link.IsConnected;
        Link = wasConnected ? new(false, now, reason) : Link with { Reason = reason };
        Peers = [];
        return wasConnected;
    }

    /// <summary>Notes the speaker's judgement.</summary>
    /// <returns>The prefixes that are refused for another reason than before, or no longer.</returns>
    public IReadOnlySet<string> Judge(DeclarationJudged judged)
    {
        var before = _refused;
        _refused = [];
        foreach (var refused in judged.Refused)
            _refused[refused.Prefix] = refused.Text;
        foreach (var (name, revision) in _retired)
        {
            if (revision <= judged.Revision)
                _retired.Remove(name);
        }
        return before.Keys.Union(_refused.Keys)
            .Where(prefix => before.GetValueOrDefault(prefix) != _refused.GetValueOrDefault(prefix))
            .ToHashSet();
    }

    public void Deliver(DeliveryReported report)
    {
        Peers = report.Peers;
        if (report.Peers.All(peer => !peer.IsEstablished || peer.AcknowledgedAt is not null))
            _delivered = Math.Max(_delivered, report.Revision);
    }

    /// <summary>The declaration to send, and whether it makes some path worse; null: none is owed.</summary>
    public (Declare Order, bool IsWorse)? Order(List<Declaration> wanted)
    {
        var before = _declared.ToDictionary(declaration => declaration.Name);
        var names = wanted.Select(declaration => declaration.Name).ToHashSet();
        if (!Link.IsConnected)
            return null;
        foreach (var name in names)
            _retired.Remove(name);
        foreach (var gone in _declared.Where(last => last.What > Announcement.None && !names.Contains(last.Name)))
            _retired.TryAdd(gone.Name, NextRevision);
        wanted.AddRange(_retired.Keys.Select(name => new Declaration(
            name, Announcement.None, "declared under another name, or not any more", [], new())));
        if (!IsOwed && wanted.SequenceEqual(_declared, DeclarationComparer.Instance))
            return null;
        (IsOwed, _declared) = (false, wanted);
        return (new(++_revision, wanted), wanted.Any(IsWorse));

        bool IsWorse(Declaration now)
        {
            var last = before.GetValueOrDefault(now.Name)?.What ?? Announcement.Unknown;
            return now.What == Announcement.None ? last != Announcement.None : now.What < last;
        }
    }

    /// <summary>Lists compare by reference, and these must not.</summary>
    private sealed class DeclarationComparer : IEqualityComparer<Declaration>
    {
        public static readonly DeclarationComparer Instance = new();

        public bool Equals(Declaration? one, Declaration? other) =>
            one!.Prefixes.SequenceEqual(other!.Prefixes) && one with { Prefixes = other.Prefixes } == other;

        public int GetHashCode(Declaration declaration) => declaration.Name.GetHashCode(StringComparison.Ordinal);
    }
}
