using System.Buffers.Binary;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>What one UPDATE changes: MED where announced (null: none).</summary>
internal sealed record RouteChange(long EndOctet, List<Prefix> Withdrawn, List<Prefix> Announced, uint? Med)
{
    /// <summary>Reads an UPDATE that was judged to be without fault.</summary>
    public static RouteChange From(in UpdateView view, long endOctet)
    {
        List<Prefix> withdrawn = [], announced = [];
        Add(withdrawn, view.WithdrawnRoutes, isIPv6: false);
        Add(withdrawn, view.MpUnreachNlri, view.MpUnreachIsIPv6);
        Add(announced, view.Nlri, isIPv6: false);
        Add(announced, view.MpReachNlri, view.MpReachIsIPv6);
        uint? med = null;
        var attributes = new AttributeReader(view.Attributes);
        while (attributes.TryNext(out var attribute))
        {
            if (attribute.Code == AttributeCode.MultiExitDisc)
                med = BinaryPrimitives.ReadUInt32BigEndian(attribute.Value);
        }
        return new(endOctet, withdrawn, announced, med);
    }

    private static void Add(List<Prefix> prefixes, ReadOnlySpan<byte> nlri, bool isIPv6)
    {
        foreach (var prefix in new NlriReader(nlri, isIPv6))
            prefixes.Add(prefix);
    }
}

/// <summary>The RIB of a peer that has had some of the octets of a connection.</summary>
internal sealed class PeerRib(List<RouteChange> log)
{
    private int _next;

    public Dictionary<Prefix, uint?> Routes { get; } = [];

    public ulong AnnouncementsSeen { get; private set; }

    /// <summary>The peer has had the first <paramref name="octets"/> of the connection.</summary>
    public void AdvanceTo(long octets)
    {
        for (; _next < log.Count && log[_next].EndOctet <= octets; _next++)
        {
            var change = log[_next];
            foreach (var prefix in change.Withdrawn)
                Routes.Remove(prefix);
            foreach (var prefix in change.Announced)
                Routes[prefix] = change.Med;
            AnnouncementsSeen += (ulong)change.Announced.Count;
        }
    }

    /// <summary>Null when the peer has exactly <paramref name="expected"/>, else a difference.</summary>
    public string? DifferenceFrom(IReadOnlyDictionary<Prefix, uint?> expected)
    {
        foreach (var (prefix, med) in expected)
        {
            if (!Routes.TryGetValue(prefix, out var has))
                return $"{prefix} is missing";
            if (has != med)
                return $"{prefix} has MED {has} instead of {med}";
        }
        foreach (var prefix in Routes.Keys)
        {
            if (!expected.ContainsKey(prefix))
                return $"{prefix} is there and not desired";
        }
        return null;
    }
}
