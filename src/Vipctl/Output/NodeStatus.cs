using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary>What the three daemons of a node say at one moment; null where a daemon did not answer.</summary>
internal sealed record NodeStatus
{
    public GateStatus? Gate { get; init; }

    public SpeakerStatus? Speaker { get; init; }

    public GetProxyResponse? Proxy { get; init; }

    /// <summary>The daemons that did not answer, each with the reason and the remedy in one line.</summary>
    public IReadOnlyList<(string Daemon, string Why)> Silent { get; init; } = [];
}

/// <summary>What the gate says.</summary>
internal sealed record GateStatus(GetGateResponse Gate, ListVipsResponse Vips, ListBackendsResponse Backends);

/// <summary>What the speaker says.</summary>
internal sealed record SpeakerStatus(GetSpeakerResponse Speaker, ListPeersResponse Peers, ListRoutesResponse Routes);
