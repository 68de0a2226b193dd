using AnycastVip.BgpSpeaker.Wire;
using Domain = AnycastVip.BgpSpeaker.Rib.RouteAttributes;
using Message = AnycastVip.Proto.V1.RouteAttributes;

namespace AnycastVip.BgpSpeaker.Api;

/// <summary>Route attributes between the API's message and the Rib's record.</summary>
internal static class AttributesMapping
{
    /// <summary>Reads a message; the fault names the first value that cannot be read, and is null otherwise.</summary>
    public static Domain FromProto(Message? message, out string? fault)
    {
        fault = null;
        if (message is null)
            return Domain.None;
        var communities = new List<uint>(message.Communities.Count);
        foreach (var text in message.Communities)
        {
            if (CommunityText.TryParse(text, out var community))
                communities.Add(community);
            else
                fault ??= $"community \"{text}\" is neither like 65001:100 nor one of "
                    + string.Join(", ", CommunityText.WellKnown.Select(known => known.Name));
        }
        var extended = new List<ExtendedCommunity>(message.ExtendedCommunities.Count);
        foreach (var text in message.ExtendedCommunities)
        {
            if (ExtendedCommunityText.TryParse(text, out var community))
                extended.Add(community);
            else
                fault ??= $"extended community \"{text}\" is neither like rt:65001:100 or soo:192.0.2.1:7 nor 0x and "
                    + "16 hexadecimal digits";
        }
        var large = new List<LargeCommunity>(message.LargeCommunities.Count);
        foreach (var text in message.LargeCommunities)
        {
            if (CommunityText.TryParseLarge(text, out var community))
                large.Add(community);
            else
                fault ??= $"large community \"{text}\" is not like 65001:1:2";
        }
        return new Domain
        {
            Med = message.HasMed ? message.Med : null,
            LocalPref = message.HasLocalPref ? message.LocalPref : null,
            AsPathPrepend = (int)Math.Min(message.AsPathPrepend, int.MaxValue),
            Communities = communities.ToValueList(),
            ExtendedCommunities = extended.ToValueList(),
            LinkBandwidth = message.HasLinkBandwidth ? message.LinkBandwidth : null,
            LargeCommunities = large.ToValueList(),
        };
    }

    /// <summary>Writes a message.</summary>
    public static Message ToProto(Domain attributes)
    {
        var message = new Message { AsPathPrepend = (uint)attributes.AsPathPrepend };
        if (attributes.Med is { } med)
            message.Med = med;
        if (attributes.LocalPref is { } localPref)
            message.LocalPref = localPref;
        foreach (var community in attributes.Communities)
            message.Communities.Add(CommunityText.Format(community));
        foreach (var community in attributes.ExtendedCommunities)
            message.ExtendedCommunities.Add(community.ToString());
        if (attributes.LinkBandwidth is { } linkBandwidth)
            message.LinkBandwidth = linkBandwidth;
        foreach (var community in attributes.LargeCommunities)
            message.LargeCommunities.Add(community.ToString());
        return message;
    }
}
