using System.Net;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Judges VIPs that are right one by one against each other and against the rest of the file.</summary>
/// <param name="diagnostics">Takes the findings.</param>
/// <param name="allowList">What the speaker may announce; null when that is not known.</param>
/// <param name="peers">To whom.</param>
internal sealed class VipChecks(DiagnosticList diagnostics, AllowList? allowList, ValueList<PeerOptions> peers)
{
    /// <summary>Adds what is wrong.</summary>
    /// <param name="vips">All VIPs.</param>
    /// <param name="backends">Where the backends of all pools listen.</param>
    /// <param name="stopTimeout">The bound of a stop.</param>
    public void Check(
        IReadOnlyList<ReadVip> vips, IReadOnlyList<Located<IPEndPoint>> backends, TimeSpan stopTimeout)
    {
        foreach (var vip in vips)
        {
            CheckPrefixes(vip);
            CheckStop(vip, stopTimeout);
        }
        CheckSharedPrefixes(vips);
        CheckLoops(vips, backends);
    }

    private void CheckPrefixes(ReadVip vip)
    {
        foreach (var (at, prefix) in vip.Prefixes)
        {
            // It would be refused by the speaker each time, and the VIP be in vain.
            if (allowList?.Judge(prefix) is { } refusal)
                diagnostics.Error(at, $"{refusal} (speaker.allowedPrefixes)");
            else if (peers.Count > 0 && !peers.Any(peer => peer.Session.Families.Contains(prefix.Family)))
                diagnostics.Warning(at, $"no peer has {prefix.Family} among its families: {prefix} reaches nobody");
        }
    }

    private void CheckStop(ReadVip vip, TimeSpan stopTimeout)
    {
        var settings = vip.Options.Settings;
        var bound = settings.Drain.BoundWithoutConnections(settings.HasListeners);
        if (bound <= stopTimeout)
            return;
        diagnostics.Error(
            vip.At,
            $"drain: the steps of this VIP may take {ScalarTypes.Format(bound)}, more than stop.timeout, "
            + ScalarTypes.Format(stopTimeout));
    }

    private void CheckSharedPrefixes(IReadOnlyList<ReadVip> vips)
    {
        var first = new Dictionary<Prefix, ReadVip>();
        foreach (var vip in vips)
        {
            foreach (var (at, prefix) in vip.Prefixes)
            {
                if (first.TryAdd(prefix, vip))
                    continue;
                var other = first[prefix];
                var differences = Differences(vip.Options, other.Options).ToList();
                if (differences.Count == 0)
                    continue;
                diagnostics.Error(
                    at,
                    $"{prefix} is also announced by the VIP {other.Options.Settings.Name.Quoted()} on line "
                    + $"{other.At.Line}: the two must not differ in {string.Join(", ", differences)}");
            }
        }
    }

    // What only one of the two ever announces cannot differ.
    private static IEnumerable<string> Differences(VipOptions left, VipOptions right)
    {
        if (left.PrefixPolicy != right.PrefixPolicy)
            yield return "announce.prefixPolicy";
        if (left.Route != right.Route)
        {
            yield return "the attributes of announce";
            yield break;
        }
        var (leftStandby, rightStandby) = (left.Settings.StandbyBelowPercent, right.Settings.StandbyBelowPercent);
        if (leftStandby is not null && rightStandby is not null && left.StandbyRoute != right.StandbyRoute)
            yield return "standby.med";
        var bothDepreference = left.Settings.Drain.Depreferences && right.Settings.Drain.Depreferences;
        if (bothDepreference && left.DrainRoute != right.DrainRoute)
            yield return "drain.communities and drain.med";
    }

    private void CheckLoops(IReadOnlyList<ReadVip> vips, IReadOnlyList<Located<IPEndPoint>> backends)
    {
        var listeners = new Dictionary<IPEndPoint, string>();
        foreach (var vip in vips.Select(vip => vip.Options))
        {
            foreach (var listener in vip.Listeners)
            {
                foreach (var address in vip.Addresses)
                    listeners.TryAdd(new IPEndPoint(address, listener.Port), vip.Settings.Name);
            }
        }
        foreach (var (at, address) in backends)
        {
            if (listeners.TryGetValue(address, out var vip))
                diagnostics.Error(at, $"address: {address} is a listener of the VIP {vip.Quoted()}: a loop");
        }
    }
}
