using System.Net;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>A VIP with the places that later findings point at.</summary>
/// <param name="Options">What was read.</param>
/// <param name="At">Where it starts.</param>
/// <param name="Prefixes">What is announced, where each prefix, or the address that it comes from, stands.</param>
internal sealed record ReadVip(VipOptions Options, Position At, IReadOnlyList<Located<Prefix>> Prefixes);

/// <summary>Reads an item of <c>vips</c>.</summary>
internal sealed class VipReader(
    DiagnosticList diagnostics,
    NamedItems<CheckOptions> checks,
    NamedItems<PoolOptions> pools,
    VipPolicyReader policyReader)
{
    private const string NothingProves = "the VIP has neither listeners nor checks: nothing proves that it serves";

    private static readonly SectionKey[] OnlyWithListeners = [VipKeys.MinHealthy, VipKeys.Standby];

    private readonly UniqueValues _unique = new("VIP", diagnostics);

    /// <summary>The VIP; null when it has no name or no address.</summary>
    /// <param name="reader">The item, with <c>vipDefaults</c> behind it.</param>
    public ReadVip? Read(MappingReader reader)
    {
        reader.Require(VipKeys.Name.Name);
        var name = reader.ReadOrNull(VipKeys.Name);
        _unique.Take(reader, VipKeys.Name, name);
        var addresses = ReadAddresses(reader);
        var listeners = ReadListeners(reader);
        var ownChecks = ReadChecks(reader);
        if (reader.Node(VipKeys.Listeners.Name) is null or YamlSequence { Items: [] })
            JudgeAnnounceOnly(reader);
        var announce = reader.ReadOrEmpty(VipKeys.Announce, diagnostics);
        var areWhole = addresses.Count == SequenceLength(reader, VipKeys.Addresses);
        var prefixes = ReadPrefixes(announce, addresses, areWhole);
        var route = VipPolicyReader.ReadRoute(announce, diagnostics);
        var prefixPolicy = announce.Read(AnnounceKeys.PrefixPolicy, PrefixPolicy.Any);
        announce.Finish(AnnounceKeys.Section);
        var policy = policyReader.Read(reader, route);
        JudgeMinHealthy(reader, policy.MinHealthy, listeners);
        reader.Finish(VipKeys.Section);
        return name is null || addresses.Count == 0 ? null : new ReadVip(
            new VipOptions
            {
                Settings = policy.ToSettings(name, listeners.Count > 0),
                Addresses = addresses.Values(),
                Listeners = listeners,
                Checks = ownChecks,
                Prefixes = prefixes.Select(prefix => $"{prefix.Value}").ToValueList(),
                PrefixPolicy = prefixPolicy,
                Route = route.ToOptions(),
                StandbyRoute = policy.StandbyRoute.ToOptions(),
                DrainRoute = policy.DrainRoute.ToOptions(),
            },
            reader.Position,
            prefixes);
    }

    private IReadOnlyList<Located<IPAddress>> ReadAddresses(MappingReader reader)
    {
        reader.Require(VipKeys.Addresses.Name);
        var addresses = reader.Read(VipKeys.Addresses);
        if (reader.Node(VipKeys.Addresses.Name) is YamlSequence { Items: [] })
            diagnostics.Error(reader, VipKeys.Addresses, "at least one is needed");
        foreach (var (at, address) in addresses)
            _unique.Take(VipKeys.Addresses, at, address);
        return addresses;
    }

    private ValueList<ListenerOptions> ReadListeners(MappingReader vip)
    {
        var unique = new UniqueValues("listener", diagnostics);
        return (vip.Sequence(VipKeys.Listeners.Name) ?? []).Select(item => ReadListener(item, unique))
            .OfType<ListenerOptions>().ToValueList();
    }

    private ListenerOptions? ReadListener(YamlNode item, UniqueValues unique)
    {
        if (MappingReader.Open(item, diagnostics) is not { } reader)
            return null;
        reader.Require(ListenerKeys.Port.Name);
        var port = reader.ReadNullable(ListenerKeys.Port);
        unique.Take(reader, ListenerKeys.Port, port);
        reader.Require(ListenerKeys.Pool.Name);
        var pool = reader.ReadOrNull(ListenerKeys.Pool);
        if (pool is not null)
            pools.Find(pool, reader.PositionOf(ListenerKeys.Pool.Name), ListenerKeys.Pool);
        var maxConnections = reader.ReadNullable(ListenerKeys.MaxConnections) ?? 0;
        var idleTimeout = reader.ReadNullable(ListenerKeys.IdleTimeout);
        var options = new ListenerOptions((int)(port ?? 0), pool ?? "", (int)maxConnections, idleTimeout)
            .WithLimits(reader, diagnostics) with
            {
                ProxyProtocol = ProxyProtocolReader.Read(reader, diagnostics),
                Sni = new SniReader(diagnostics, pools).Read(reader),
            };
        reader.Finish(ListenerKeys.Section);
        return options;
    }

    private ValueList<CheckOptions> ReadChecks(MappingReader reader)
    {
        var found = new List<CheckOptions>();
        foreach (var (at, name) in reader.ReadDistinct(VipKeys.Checks, diagnostics))
        {
            if (checks.Find(name, at, VipKeys.Checks) is not { } check)
                continue;
            if (check.Kind is CheckKind.Tcp { Port: null } or CheckKind.Http { Port: null })
                diagnostics.Error(at, $"checks: {name.Quoted()} has no port: for a VIP there is no backend's to take");
            found.Add(check);
        }
        return found.ToValueList();
    }

    private void JudgeAnnounceOnly(MappingReader reader)
    {
        if (reader.Node(VipKeys.Checks.Name) is null or YamlSequence { Items: [] })
            diagnostics.Error(reader.Position, NothingProves);
        foreach (var key in OnlyWithListeners)
            reader.Refuse(key.Name, "counts the backends behind listeners, and this VIP has none");
    }

    private IReadOnlyList<Located<Prefix>> ReadPrefixes(
        MappingReader announce, IReadOnlyList<Located<IPAddress>> addresses, bool areWhole)
    {
        if (announce.Node(AnnounceKeys.Prefixes.Name) is null)
            return [.. addresses.Select(address => new Located<Prefix>(address.At, HostPrefix(address.Value)))];
        var prefixes = announce.ReadDistinct(AnnounceKeys.Prefixes, diagnostics);
        if (announce.Node(AnnounceKeys.Prefixes.Name) is YamlSequence { Items: [] })
            diagnostics.Error(announce, AnnounceKeys.Prefixes, "at least one is needed");
        // Behind a value that was refused there may be the missing one.
        else if (areWhole && prefixes.Count == SequenceLength(announce, AnnounceKeys.Prefixes))
            JudgePrefixes(addresses, prefixes);
        return prefixes;
    }

    private void JudgePrefixes(
        IReadOnlyList<Located<IPAddress>> addresses, IReadOnlyList<Located<Prefix>> prefixes)
    {
        foreach (var (at, address) in addresses)
        {
            var own = HostPrefix(address);
            if (!prefixes.Any(prefix => prefix.Value.Contains(own)))
                diagnostics.Error(at, $"addresses: {address} is outside of announce.prefixes: add {own}");
        }
        foreach (var (at, prefix) in prefixes)
        {
            if (!addresses.Any(address => prefix.Contains(HostPrefix(address.Value))))
                diagnostics.Error(at, $"prefixes: {prefix} holds no address of this VIP: nothing would answer there");
        }
    }

    private void JudgeMinHealthy(MappingReader reader, MinHealthy minimum, ValueList<ListenerOptions> listeners)
    {
        var at = (reader.Read(VipKeys.MinHealthy) ?? reader).PositionOf(MinHealthyKeys.Count.Name);
        foreach (var name in listeners.SelectMany(listener => listener.Pools).Distinct())
        {
            var pool = pools.All.FirstOrDefault(pool => pool.Name == name);
            var counted = pool?.Backends.Count(backend => !backend.IsBackup);
            if (counted < minimum.Count)
            {
                diagnostics.Error(
                    at,
                    $"count: {minimum.Count} is more than the backends of pool {name.Quoted()}, {counted}: "
                    + "the VIP would never be announced");
            }
        }
    }

    private static int SequenceLength(MappingReader reader, Key key) =>
        reader.Node(key.Name) is YamlSequence list ? list.Items.Count : 0;

    private static Prefix HostPrefix(IPAddress address) =>
        Prefix.Create(address, address.GetAddressBytes().Length * 8)
        ?? throw new InvalidOperationException($"{address} has host bits behind its own length");
}
