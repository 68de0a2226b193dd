using System.Net;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads a listener's <c>proxyProtocol</c>.</summary>
internal static class ProxyProtocolReader
{
    /// <summary>Null without the key.</summary>
    public static ProxyProtocolOptions? Read(MappingReader listener, DiagnosticList diagnostics)
    {
        if (listener.Read(ProxyProtocolKeys.Listener) is not { } reader)
            return null;
        reader.Require(ProxyProtocolKeys.From.Name);
        var networks = reader.ReadDistinct(ProxyProtocolKeys.From, diagnostics);
        if (reader.Node(ProxyProtocolKeys.From.Name) is YamlSequence { Items: [] })
            diagnostics.Error(reader, ProxyProtocolKeys.From, "at least one is needed");
        var timeout = reader.Read(ProxyProtocolKeys.Timeout, default);
        reader.Finish(ProxyProtocolKeys.Section);
        return new(networks.Values().Select(prefix => IPNetwork.Parse($"{prefix}")).ToValueList(), timeout);
    }
}
