using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>What a router makes of our messages: a table of routes, by RFC 4271, 4724 and 7313.</summary>
internal sealed class PeerModel(ExportContext session)
{
    private readonly HashSet<Prefix> _stale = [];

    /// <summary>What the peer has from us: the attributes of each prefix as they came.</summary>
    public Dictionary<Prefix, string> Table { get; } = [];

    /// <summary>Each message in one line, in the order in which they came.</summary>
    public List<string> Log { get; } = [];

    /// <summary>The announcements of the last <see cref="Receive"/>.</summary>
    public List<Prefix> LastAnnounced { get; } = [];

    /// <summary>The attributes that <paramref name="route"/> has to arrive with.</summary>
    public static string Expected(DesiredRoute route, ExportContext session)
    {
        var attributes = ExportPolicy.Export(route, session)!;
        var message = new byte[MessageSize.Maximum];
        var length = UpdateEncoder.EncodeAnnounce(
            message, new(attributes, session.FourOctetAs), [route.Prefix], out _);
        return Describe(DecodedUpdate.Read(message.AsSpan(0, length), session.IsExternal, session.FourOctetAs));
    }

    /// <summary>Takes whole messages; fails the test when one is malformed.</summary>
    public void Receive(ReadOnlySpan<byte> octets)
    {
        LastAnnounced.Clear();
        while (!octets.IsEmpty)
        {
            var status = Framer.Next(octets, MessageSize.Maximum, out var type, out var length, out _);
            Assert.Equal(FrameStatus.Message, status);
            if (type == MessageType.RouteRefresh)
                ReceiveRefresh(octets[..length]);
            else
                ReceiveUpdate(DecodedUpdate.Read(octets[..length], session.IsExternal, session.FourOctetAs));
            octets = octets[length..];
        }
    }

    private void ReceiveRefresh(ReadOnlySpan<byte> message)
    {
        Assert.True(RouteRefreshDecoder.TryDecode(message, isEnhanced: true, out var refresh, out _));
        Log.Add($"{refresh.Subtype} {refresh.Family}");
        if (refresh.Subtype == RouteRefreshSubtype.BeginningOfRouteRefresh)
        {
            _stale.UnionWith(Table.Keys.Where(prefix => prefix.Family == refresh.Family));
            return;
        }
        // RFC 7313 section 4.2: what is still stale when EoRR comes is purged.
        foreach (var prefix in _stale.Where(prefix => prefix.Family == refresh.Family).ToArray())
        {
            _stale.Remove(prefix);
            Table.Remove(prefix);
        }
    }

    private void ReceiveUpdate(DecodedUpdate update)
    {
        if (update.EndOfRib is { } family)
            Log.Add($"EndOfRib {family}");
        if (update.Withdrawn.Length > 0)
            Log.Add($"withdraw {update.Withdrawn.Length}");
        if (update.Announced.Length > 0)
            Log.Add($"announce {update.Announced.Length}");
        foreach (var prefix in update.Withdrawn)
            Assert.True(Table.Remove(prefix), $"{prefix} was withdrawn but never announced");
        var attributes = Describe(update);
        foreach (var prefix in update.Announced)
        {
            Table[prefix] = attributes;
            _stale.Remove(prefix);
            LastAnnounced.Add(prefix);
        }
    }

    // MP_REACH_NLRI holds the prefixes too, so only its next hop counts.
    private static string Describe(DecodedUpdate update) => string.Join("; ", update.Attributes.Select(attribute =>
        attribute.Code == AttributeCode.MpReachNlri
            ? $"{attribute.Code}={attribute.Value.ToString()[..40]}"
            : $"{attribute.Flags} {attribute.Code}={attribute.Value}"));
}
