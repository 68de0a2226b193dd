using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads what the gate, and through it the proxy, is told.</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="allowedPrefixes">What the speaker may announce; null when that is not known.</param>
internal sealed class GateReader(DiagnosticList diagnostics, ValueList<AllowedPrefix>? allowedPrefixes)
{
    private readonly NamedItems<CheckOptions> _checks = new(RootKeys.Checks, "check", diagnostics);
    private readonly NamedItems<PoolOptions> _pools = new(RootKeys.Pools, "pool", diagnostics);

    /// <summary>The options; without meaning when there are errors among the findings.</summary>
    /// <param name="root">The file's top level.</param>
    /// <param name="identity">What it says under <c>node</c>.</param>
    /// <param name="speaker">What the speaker is told.</param>
    public GateOptions Read(MappingReader root, NodeIdentity identity, SpeakerOptions speaker)
    {
        var checkReader = new CheckReader(diagnostics);
        _checks.Read(root, checkReader.Read);
        _checks.AddBuiltIn(CheckReader.BuiltInName, checkReader.BuiltIn());
        var poolReader = new PoolReader(diagnostics, _checks);
        _pools.Read(root, poolReader.Read);
        // RFC 4271 section 9.1.2.2: no MED counts as the lowest value.
        var vips = ReadVips(root, speaker.Peers.Max(peer => peer.Attributes.Med) ?? 0);
        var stopTimeout = ReadStopTimeout(root.ReadOrEmpty(RootKeys.Stop, diagnostics));
        var allowList = allowedPrefixes is { } lines ? new AllowList(lines) : null;
        new VipChecks(diagnostics, allowList, speaker.Peers).Check(vips, poolReader.Addresses, stopTimeout);
        WarnOfUnused();
        return new GateOptions
        {
            NodeName = identity.Name,
            Site = identity.Site ?? "",
            Checks = _checks.All.ToValueList(),
            Pools = _pools.All.ToValueList(),
            Vips = vips.Select(vip => vip.Options).ToValueList(),
            LeaseTtl = speaker.LeaseTtl,
            LeaseHeartbeat = speaker.LeaseHeartbeat,
            StopTimeout = stopTimeout,
        };
    }

    private List<ReadVip> ReadVips(MappingReader root, uint peersMed)
    {
        var policyReader = new VipPolicyReader(diagnostics, peersMed);
        var defaults = root.Read(RootKeys.VipDefaults);
        if (defaults is not null)
        {
            // Also what no VIP uses must be right. What is wrong is found again with each VIP, and told once.
            policyReader.Read(defaults, RouteAttributes.None);
            defaults.Finish(VipKeys.DefaultsSection);
        }
        var reader = new VipReader(diagnostics, _checks, _pools, policyReader);
        return
        [
            .. (root.Sequence(RootKeys.Vips.Name) ?? [])
                .Select(item => MappingReader.Open(item, diagnostics, defaults))
                .OfType<MappingReader>()
                .Select(reader.Read)
                .OfType<ReadVip>(),
        ];
    }

    // A misspelled reference uses nothing: that has its finding already.
    private void WarnOfUnused()
    {
        if (diagnostics.HasErrors)
            return;
        _checks.WarnOfUnused();
        _pools.WarnOfUnused();
    }

    private static TimeSpan ReadStopTimeout(MappingReader stop)
    {
        var timeout = stop.Read(StopKeys.Timeout, default);
        stop.Finish(StopKeys.Section);
        return timeout;
    }
}
