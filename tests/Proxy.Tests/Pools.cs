using System.Net;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>Pools without an engine, and sources that ask them.</summary>
internal static class Pools
{
    /// <summary>A pool of backends with a weight each, whose slots are their places.</summary>
    public static Pool Of(BalanceAlgorithm algorithm, params IEnumerable<(string Name, int Weight)> members) =>
        Of(algorithm, members.Select(member => Backend(member.Name, member.Weight)));

    public static Pool Of(BalanceAlgorithm algorithm, IEnumerable<BackendSpec> backends, Pool? predecessor = null)
    {
        var spec = new PoolSpec { Name = "p", Balance = algorithm, Backends = [.. backends] };
        return Of(spec, predecessor);
    }

    public static Pool Of(PoolSpec spec, Pool? predecessor = null) => new(
        spec,
        [.. spec.Backends.Select((backend, i) => new Backend(backend, (ushort)i, new()))],
        seed: 1,
        predecessor);

    public static BackendSpec Backend(string name, int weight = 1) =>
        new() { Name = name, Endpoint = new(IPAddress.Loopback, 1), Weight = weight };

    /// <summary>b0, b1, … with these weights.</summary>
    public static IEnumerable<(string Name, int Weight)> Members(params IEnumerable<int> weights) =>
        weights.Select((weight, i) => ($"b{i}", weight));

    /// <summary>The number-th source: IPv4 and IPv6 take turns.</summary>
    public static SourceAddress Source(int number) => Source(number % 2 == 0
        ? $"10.{(byte)(number >> 16)}.{(byte)(number >> 8)}.{(byte)number}"
        : $"2001:db8:{(byte)(number >> 16):x}::{(ushort)number:x}");

    public static SourceAddress Source(string address) =>
        SourceAddress.Of(IPAddress.Parse(address).MapToIPv6().GetAddressBytes());

    /// <summary>Which backend is chosen for each of so many sources, each connection ending at once.</summary>
    public static string[] Choices(Pool pool, int sources, TimeSpan now = default, params ushort[] tried) =>
    [
        .. Enumerable.Range(0, sources).Select(i =>
        {
            var backend = pool.Reserve(tried, now, source: Source(i))!;
            backend.Connections.Release();
            return backend.Spec.Name;
        }),
    ];

    /// <summary>The share of all weights that must move from one set of members to another.</summary>
    public static double NecessaryChange(
        IReadOnlyCollection<(string Name, int Weight)> before, IReadOnlyCollection<(string Name, int Weight)> after)
    {
        double Share(IReadOnlyCollection<(string Name, int Weight)> members, string name) =>
            members.Where(member => member.Name == name).Sum(member => member.Weight)
            / (double)members.Sum(member => member.Weight);
        return before.Concat(after).Select(member => member.Name).Distinct()
            .Sum(name => Math.Max(0, Share(before, name) - Share(after, name)));
    }
}
