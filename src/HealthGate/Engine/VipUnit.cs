using System.Net;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <summary>A VIP and what the engine remembers of it.</summary>
internal sealed class VipUnit
{
    public VipUnit(VipOptions options, VipGateState state)
    {
        (Options, State, Listening) = (options, state, [.. options.Addresses]);
        JoinAll();
    }

    public VipOptions Options { get; set; }

    public VipGateState State { get; set; }

    public string Name => Options.Settings.Name;

    public string Subject => $"vip {Name}";

    public bool HasListeners => Options.Settings.HasListeners;

    /// <summary>Why a reload sends it away; null: it stays.</summary>
    public string? LeavingReason { get; set; }

    /// <summary>Its surroundings may have changed.</summary>
    public bool IsDirty { get; set; } = true;

    /// <summary>
    /// Those of <see cref="Pairs"/> whose proofs the announcement needs. What a reload adds to an announced VIP is
    /// proven first, and joins then.
    /// </summary>
    public HashSet<IPEndPoint> Joined { get; private set; } = [];

    /// <summary>Addresses whose listeners are in the table; one that a reload adds is on `lo` first.</summary>
    public HashSet<IPAddress> Listening { get; }

    /// <summary>The prefixes that are declared.</summary>
    public HashSet<string> JoinedPrefixes { get; private set; } = [];

    /// <summary>Of the first order that carries the last <see cref="SetAddress"/>.</summary>
    public ulong AddressRevision { get; set; }

    /// <summary>Of the first table that carries the last <see cref="SetListener"/>.</summary>
    public ulong ListenerRevision { get; set; }

    /// <summary>Of the first declaration that carries the last <see cref="SetAnnouncement"/>.</summary>
    public ulong AnnouncementRevision { get; set; }

    public string AnnouncementReason { get; set; } = "the gate has just started";

    /// <summary>The proxy has its listeners open for an earlier gate: they stay until a drain closes them.</summary>
    public bool KeepsListeners { get; set; }

    /// <summary>Last verdicts of checks that a reload took away, until those that it brought have theirs.</summary>
    public List<VipCheck> RetiredChecks { get; } = [];

    /// <summary>From the drain's beginning on.</summary>
    public ConnectionCounter? Counter { get; set; }

    /// <summary>The last event that may lead to something.</summary>
    public ulong PendingCause { get; set; }

    /// <summary>The event that led to its status.</summary>
    public ulong Cause { get; set; }

    /// <summary>Each address with each port; with port 0 for an announce-only VIP.</summary>
    public IEnumerable<IPEndPoint> Pairs => PairsOf(Options);

    /// <summary>The addresses shall be, or stay, on `lo`.</summary>
    /// <remarks>
    /// What an earlier gate left of a VIP that is on its way down goes at its step, not before the withdraw.
    /// </remarks>
    public bool NeedsAddresses => State.WantsAddress || State.Phase is > VipPhase.Serving and < VipPhase.Address;

    /// <summary>The listeners shall be, or stay, in the proxy's table.</summary>
    public bool NeedsListeners => State.WantsListener || KeepsListeners && State.Phase < VipPhase.Listener;

    public static IEnumerable<IPEndPoint> PairsOf(VipOptions options) =>
        from address in options.Addresses
        from port in options.Settings.HasListeners ? options.Listeners.Select(listener => listener.Port) : [0]
        select new IPEndPoint(address, port);

    public static CheckId ProbeId(string subject, IPEndPoint pair) => new($"{subject} {pair}", CheckId.SelfProbe);

    /// <summary>All proofs are needed: nothing is announced, so that nothing is lost by waiting for them.</summary>
    public void JoinAll()
    {
        Joined = [.. Pairs];
        JoinedPrefixes = [.. Options.Prefixes];
    }

    /// <summary>Takes other options; what they add does not join yet.</summary>
    public void Adopt(VipOptions options)
    {
        Options = options;
        Listening.IntersectWith(options.Addresses);
        Joined.IntersectWith(Pairs);
        JoinedPrefixes.IntersectWith(options.Prefixes);
        // With other ports only, nothing is left that is proven.
        if (Joined.Count == 0)
            JoinAll();
    }

    /// <summary>Prefixes whose addresses have joined follow them.</summary>
    public void JoinPrefixes() => JoinedPrefixes.UnionWith(
        Options.Prefixes.Where(prefix => !JoinedPrefixes.Contains(prefix) && IsCovered(prefix)).ToList());

    private bool IsCovered(string prefix)
    {
        var network = IPNetwork.Parse(prefix);
        return Pairs.All(pair => Joined.Contains(pair) || !network.Contains(pair.Address));
    }
}
