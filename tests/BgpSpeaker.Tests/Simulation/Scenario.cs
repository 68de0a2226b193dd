using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>How one speaker is configured towards one other.</summary>
/// <param name="Profile">For the engine.</param>
/// <param name="Local">Our end of every connection.</param>
/// <param name="HasBfd">BFD runs on the link.</param>
internal sealed record PeerPlan(PeerProfile Profile, LocalEnd Local, bool HasBfd);

/// <summary>What a seed makes of the network: nodes, AS numbers, sessions, and whether anything goes wrong.</summary>
internal sealed class Scenario
{
    private static readonly Prefix AllowedIPv4 = Prefix.Create(IPAddress.Parse("203.0.113.0"), 24)!.Value;
    private static readonly Prefix AllowedIPv6 = Prefix.Create(IPAddress.Parse("2001:db8::"), 32)!.Value;

    private readonly PeerPlan?[,] _plans;

    public Scenario(Chance chance)
    {
        Nodes = chance.Percent(20) ? 3 : 2;
        IsFaultFree = chance.Percent(15);
        Faults = IsFaultFree ? chance.Below(3) : 1 + chance.Below(12);
        Length = TimeSpan.FromSeconds(10 + chance.Below(40));
        Clients = 1 + chance.Below(2);
        _plans = new PeerPlan[Nodes, Nodes];
        PlanSessions(chance);
    }

    public int Nodes { get; }

    /// <summary>Gate clients per node.</summary>
    public int Clients { get; }

    /// <summary>Nothing goes wrong but short pauses of nodes: no session may be lost.</summary>
    public bool IsFaultFree { get; }

    /// <summary>How many things go wrong.</summary>
    public int Faults { get; }

    /// <summary>How long things go wrong.</summary>
    public TimeSpan Length { get; }

    public static AllowList AllowList { get; } = new([new(AllowedIPv4, 32, 32), new(AllowedIPv6, 128, 128)]);

    public PeerPlan PlanFor(int node, int peer) => _plans[node, peer]!;

    /// <summary>Which of <paramref name="routes"/> the allow-list lets through, judged without it.</summary>
    public static List<Prefix> AllowedAmong(IEnumerable<RouteDeclaration> routes)
    {
        var allowed = new List<Prefix>();
        foreach (var route in routes)
        {
            if (Prefix.TryParse(route.Prefix, out var prefix) && IsAllowed(prefix))
                allowed.Add(prefix);
        }
        return allowed;
    }

    /// <summary>Full length and within the documentation's address space.</summary>
    public static bool IsAllowed(Prefix prefix) => prefix.IsIPv6
        ? prefix.Length == 128 && AllowedIPv6.Contains(prefix)
        : prefix.Length == 32 && AllowedIPv4.Contains(prefix);

    /// <summary>The families that both sides offer.</summary>
    public ValueList<Family> CommonFamilies(int node, int peer)
    {
        var theirs = PlanFor(peer, node).Profile.Session.Families;
        return PlanFor(node, peer).Profile.Session.Families.Where(theirs.Contains).ToValueList();
    }

    public TimeSpan HoldTime(int node, int peer)
    {
        var ours = PlanFor(node, peer).Profile.Session.HoldTime;
        var theirs = PlanFor(peer, node).Profile.Session.HoldTime;
        return ours < theirs ? ours : theirs;
    }

    /// <summary>Longer than anything takes that has no fault to wait for.</summary>
    public TimeSpan FairPeriod()
    {
        var longest = TimeSpan.FromSeconds(60);
        for (var node = 0; node < Nodes; node++)
        {
            for (var peer = 0; peer < Nodes; peer++)
            {
                if (node == peer)
                    continue;
                var settings = PlanFor(node, peer).Profile.Session;
                longest += settings.HoldTime + settings.OpenHoldTime
                    + 3 * (settings.RetryMaximum + settings.ConnectTimeout);
            }
        }
        return longest;
    }

    private void PlanSessions(Chance chance)
    {
        uint[] numbers = [65001, 65002, 4_200_000_001];
        var asNumbers = Enumerable.Range(0, Nodes).Select(_ => chance.Pick(numbers)).ToArray();
        // Inside one AS equal identifiers are refused for ever (RFC 6286 section 2.2); between two they are legal.
        var equalIdentifiers = asNumbers.Distinct().Count() == Nodes && chance.Percent(30);
        var identifiers = Enumerable.Range(0, Nodes)
            .Select(i => equalIdentifiers ? 0x0A000001u : (uint)(0x0A000001 + ((i + chance.Below(2) * 7) << 8)))
            .ToArray();
        for (var i = 0; i < Nodes; i++)
        {
            for (var j = i + 1; j < Nodes; j++)
            {
                var passive = chance.Below(10);
                var hasBfd = chance.Percent(40);
                _plans[i, j] = Plan(chance, i, j, asNumbers, identifiers[i], passive == 0, hasBfd);
                _plans[j, i] = Plan(chance, j, i, asNumbers, identifiers[j], passive == 1, hasBfd);
            }
        }
    }

    private static PeerPlan Plan(
        Chance chance, int node, int peer, uint[] asNumbers, uint identifier, bool passive, bool hasBfd)
    {
        var hold = chance.Pick(0, 3, 3, 4, 9, 30);
        var settings = new PeerSettings
        {
            LocalAs = asNumbers[node],
            PeerAs = asNumbers[peer],
            BgpIdentifier = identifier,
            HoldTime = TimeSpan.FromSeconds(hold),
            Families = chance.Below(10) switch
            {
                0 => [Family.IPv6Unicast],
                1 or 2 => [Family.IPv4Unicast],
                _ => [Family.IPv4Unicast, Family.IPv6Unicast],
            },
            Passive = passive,
            BfdStrict = hasBfd && chance.Percent(50),
            RetryMaximum = TimeSpan.FromSeconds(chance.Pick(1, 4, 10)),
            ConnectTimeout = TimeSpan.FromSeconds(chance.Pick(2, 5)),
            OpenHoldTime = TimeSpan.FromSeconds(chance.Pick(5, 20)),
            SendHoldTime = TimeSpan.FromSeconds(hold + chance.Pick(1, 5, 20)),
            HostName = chance.Percent(50) ? "node" : null,
            RestartTime = chance.Percent(50) ? TimeSpan.FromSeconds(chance.Pick(1, 5, 20)) : null,
        };
        var local = Address(node, peer);
        var nextHopIPv6 = chance.Percent(90) ? IPAddress.Parse($"2001:db8:ffff::{node + 1}") : null;
        return new(
            new PeerProfile($"n{peer}", settings, null, null, RouteAttributes.None),
            new LocalEnd(local, Address(peer, node), local, nextHopIPv6),
            hasBfd);
    }

    private static IPAddress Address(int node, int peer) => new([10, (byte)(node + peer), 0, (byte)(node + 1)]);
}
