using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>How a running speaker gets from one configuration to another.</summary>
internal sealed class ReconfigurationPlan
{
    private readonly SpeakerOptions _running;
    private readonly SpeakerOptions _wanted;
    private readonly List<SpeakerChange> _changes = [];

    /// <summary>Compares the options in force with those that are wanted.</summary>
    public ReconfigurationPlan(SpeakerOptions running, SpeakerOptions wanted)
    {
        _running = running;
        _wanted = wanted;
        Options = wanted with
        {
            NodeName = running.NodeName,
            Asn = running.Asn,
            RouterId = running.RouterId,
            Listen = running.Listen,
            Peers = wanted.Peers.Select(WithRunningIdentity).ToValueList(),
        };
        CompareNode();
        foreach (var peer in running.Peers.Where(peer => Find(Options, peer.Name) is null))
            Note(Name(peer), ChangeEffect.PeerRemoved);
        foreach (var peer in Options.Peers)
            Compare(peer);
    }

    /// <summary>What is in force afterwards: as wanted, but for what needs a restart.</summary>
    public SpeakerOptions Options { get; }

    /// <summary>Every difference; empty when there is none.</summary>
    public IReadOnlyList<SpeakerChange> Changes => _changes;

    /// <summary>Peers whose sessions go on under other options.</summary>
    public List<PeerOptions> Adjusted { get; } = [];

    /// <summary>Peers that start with these options; those of the same name end first.</summary>
    public List<PeerOptions> Started { get; } = [];

    /// <summary>The peer of this name, if there is one.</summary>
    public static PeerOptions? Find(SpeakerOptions options, string name) =>
        options.Peers.FirstOrDefault(peer => peer.Name == name);

    private void CompareNode()
    {
        NoteIf(_running.NodeName != _wanted.NodeName, "node name", ChangeEffect.NeedsRestart);
        NoteIf(_running.Asn != _wanted.Asn, "AS number", ChangeEffect.NeedsRestart);
        NoteIf(_running.RouterId != _wanted.RouterId, "router id", ChangeEffect.NeedsRestart);
        NoteIf(_running.Listen != _wanted.Listen, "listen addresses", ChangeEffect.NeedsRestart);
        NoteIf(_running.AllowedPrefixes != _wanted.AllowedPrefixes, "allow-list", ChangeEffect.Applied);
        NoteIf(
            _running.LeaseTtl != _wanted.LeaseTtl || _running.LeaseHeartbeat != _wanted.LeaseHeartbeat,
            "lease defaults", ChangeEffect.Applied);
    }

    private void Compare(PeerOptions peer)
    {
        var running = Find(_running, peer.Name);
        if (running is null)
        {
            Note(Name(peer), ChangeEffect.PeerAdded);
            Started.Add(peer);
        }
        else if (!running.KeepsSession(peer))
        {
            Note(Name(peer), ChangeEffect.PeerReset);
            Started.Add(peer);
        }
        else if (running != peer)
        {
            Note(Name(peer), ChangeEffect.Applied);
            Adjusted.Add(peer);
        }
    }

    // The node has one identity towards all of its peers: a new one waits for the restart, with old and new peers.
    private PeerOptions WithRunningIdentity(PeerOptions peer)
    {
        var session = peer.Session;
        var running = Find(_running, peer.Name)?.Session;
        // A peer may have an AS number of its own, which its options do not tell apart from the node's.
        var hasNodesAs = session.LocalAs == _wanted.Asn && session.LocalAs != running?.LocalAs;
        return peer with
        {
            Session = session with
            {
                LocalAs = hasNodesAs ? _running.Asn : session.LocalAs,
                BgpIdentifier = session.BgpIdentifier == _wanted.RouterId ? _running.RouterId : session.BgpIdentifier,
                HostName = session.HostName == _wanted.NodeName ? _running.NodeName : session.HostName,
            },
        };
    }

    private void NoteIf(bool differs, string subject, ChangeEffect effect)
    {
        if (differs)
            Note(subject, effect);
    }

    private void Note(string subject, ChangeEffect effect) => _changes.Add(new SpeakerChange(subject, effect));

    private static string Name(PeerOptions peer) => $"peer {peer.Name}";
}
