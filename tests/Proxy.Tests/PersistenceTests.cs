using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>A source gets the backend that it had last: in a pool, over tables, and over engines.</summary>
public sealed class PersistenceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly SourcePersistence Settings = new(30 * Second, 32, 64, 1000);

    public static TheoryData<BalanceAlgorithm> Algorithms => [.. Enum.GetValues<BalanceAlgorithm>()];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void A_source_gets_its_backend_again_while_others_are_shared_out(BalanceAlgorithm algorithm)
    {
        var pool = PoolOf(algorithm, "abc");
        var first = NameFor(pool, 0);
        for (var i = 1; i < 50; i++)
        {
            NameFor(pool, i);
            Assert.Equal(first, NameFor(pool, 0, Second));
        }
        Assert.Equal("abc", string.Concat(Enumerable.Range(0, 50).Select(i => NameFor(pool, i)).Distinct().Order()));
    }

    [Fact]
    public void After_the_time_to_live_a_source_is_shared_out_anew()
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, "ab");
        Assert.Equal('a', NameFor(pool, 0));
        Assert.Equal('a', NameFor(pool, 0, 29 * Second));
        Assert.Equal('b', NameFor(pool, 0, 59 * Second));
        Assert.Equal('b', NameFor(pool, 0, 60 * Second));
    }

    [Fact]
    public void A_source_whose_backend_was_tried_in_vain_stays_with_the_next_one()
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, "abc");
        Assert.Equal('a', NameFor(pool, 0));
        Assert.Equal('b', NameFor(pool, 0, default, 'a'));
        Assert.Equal('b', NameFor(pool, 0));
    }

    [Fact]
    public void A_source_whose_backend_is_full_is_not_turned_away()
    {
        var pool = PoolOf(BalanceAlgorithm.RoundRobin, "ab", change: spec => spec with { MaxConnections = 1 });
        var held = new[] { 0, 0 }.Select(source => pool.Reserve([], default, source: Pools.Source(source))!).ToArray();
        Assert.Equal(["a", "b"], held.Select(backend => backend.Spec.Name));
        Assert.Null(pool.Reserve([], default, source: Pools.Source(0)));
    }

    [Theory]
    [InlineData(BackendState.Down)]
    [InlineData(BackendState.Drain)]
    public void A_source_leaves_a_backend_that_takes_no_connections(BackendState state)
    {
        var before = PoolOf(BalanceAlgorithm.RoundRobin, "abc");
        Assert.Equal("abc", Names(before, 3));
        var after = PoolOf(
            BalanceAlgorithm.RoundRobin, "abc", before, spec => spec.Name == "b" ? spec with { State = state } : spec);
        Assert.Equal("aac", Names(after, 3));
        Assert.Equal("aac", Names(PoolOf(BalanceAlgorithm.RoundRobin, "abc", after), 3));
    }

    [Fact]
    public void A_reload_keeps_sources_and_drops_those_of_backends_that_left()
    {
        var before = PoolOf(BalanceAlgorithm.RoundRobin, "abc");
        Assert.Equal("abcabc", Names(before, 6));
        var without = PoolOf(BalanceAlgorithm.LeastConnections, "acd", before);
        Assert.Equal(["a", "c", "a", "c"], without.ExportSources(default).Select(source => source.Backend));
        Assert.Equal('c', NameFor(without, 5));
        var again = PoolOf(BalanceAlgorithm.RoundRobin, "abcd", without);
        Assert.Equal('a', NameFor(again, 3));
        Assert.Equal('c', NameFor(again, 2));
        Assert.Equal('a', NameFor(again, 1));
    }

    [Fact]
    public void A_reload_that_changes_the_settings_keeps_what_fits_them()
    {
        var before = PoolOf(BalanceAlgorithm.RoundRobin, "abc");
        Names(before, 6);
        var smaller = PoolOf(
            BalanceAlgorithm.RoundRobin, "abc", before, settings: Settings with { MaxEntries = 2 });
        Assert.Equal([4, 5], smaller.ExportSources(default).Select(entry => NumberOf(entry.Source)));
        Assert.Empty(PoolOf(BalanceAlgorithm.RoundRobin, "abc", smaller, settings: null).ExportSources(default));
    }

    [Fact]
    public void What_one_process_exports_another_imports_by_the_names_of_backends()
    {
        var old = PoolOf(BalanceAlgorithm.RoundRobin, "abc");
        NameFor(old, 0, 1 * Second);
        NameFor(old, 2, 5 * Second);
        NameFor(old, 4, 20 * Second);
        var exported = old.ExportSources(32 * Second);
        Assert.Equal(
            [(2, "b", 27 * Second), (4, "c", 12 * Second)],
            exported.Select(source => (NumberOf(source.Source), source.Backend, source.Age)));

        // Another clock, other slots, and a backend less; 2 has come already and got another one.
        var fresh = PoolOf(BalanceAlgorithm.RoundRobin, "xcb");
        Assert.Equal('x', NameFor(fresh, 2, 1000 * Second));
        fresh.ImportSources(exported, 1000 * Second);
        fresh.ImportSources([new(Pools.Source(8), "a", default)], 1000 * Second);
        Assert.Equal("xc", string.Concat(new[] { 2, 4 }.Select(i => NameFor(fresh, i, 1017 * Second))));
        Assert.Equal(2, fresh.ExportSources(1017 * Second).Length);
    }

    [Fact]
    public async Task A_client_keeps_its_backend_over_tables_and_over_engines()
    {
        using var first = new Rig();
        using var second = new Rig();
        var backends = Enumerable.Range(0, 3).Select(_ => first.Listen()).ToArray();
        var pool = Rig.Pool([.. backends.Select((backend, i) => Rig.Backend($"b{i}", backend.EndPoint()))])
            with { Persistence = Settings };
        var endpoint = first.Open(pool);
        await ConnectAll(first, endpoint, [0, 1, 2]);
        await ConnectAll(first, endpoint, [2, 0, 1]);
        first.Open(pool with { Balance = BalanceAlgorithm.LeastConnections, ConnectRetries = 1 }, endpoint);
        await ConnectAll(first, endpoint, [1, 2, 0]);

        var known = first.Engine.ExportSources();
        endpoint = Rig.NewEndpoint();
        second.Engine.TakeOver(
            new() { Listeners = [new() { Endpoint = endpoint, Pool = "pool" }], Pools = [pool] },
            [],
            [.. known, new("none", [])]);
        await ConnectAll(second, endpoint, [2, 1, 0]);

        async Task ConnectAll(Rig rig, IPEndPoint listener, byte[] clients)
        {
            foreach (var client in clients)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(new IPAddress([127, 9, 8, (byte)(client + 1)]), 0));
                await socket.ConnectAsync(listener, Rig.Cancellation);
                await rig.Accept(backends[client]);
            }
        }
    }

    // Slots follow the names, as with an engine.
    private static Pool PoolOf(
        BalanceAlgorithm algorithm,
        string names,
        Pool? predecessor = null,
        Func<BackendSpec, BackendSpec>? change = null) =>
        PoolOf(algorithm, names, predecessor, Settings, change);

    private static Pool PoolOf(
        BalanceAlgorithm algorithm,
        string names,
        Pool? predecessor,
        SourcePersistence? settings,
        Func<BackendSpec, BackendSpec>? change = null)
    {
        var specs = names.Select(name => Pools.Backend($"{name}")).Select(spec => change?.Invoke(spec) ?? spec);
        return new(
            new() { Name = "p", Balance = algorithm, Persistence = settings },
            [.. specs.Select(spec => new Backend(spec, spec.Name[0], new()))],
            seed: 1,
            predecessor);
    }

    // Even numbers are IPv4: each is a source of its own.
    private static char NameFor(Pool pool, int source, TimeSpan now = default, params IEnumerable<char> tried)
    {
        var backend = pool.Reserve(
            [.. tried.Select(name => (ushort)name)], now, source: Pools.Source(2 * source))!;
        backend.Connections.Release();
        return backend.Spec.Name[0];
    }

    private static string Names(Pool pool, int sources) =>
        string.Concat(Enumerable.Range(0, sources).Select(i => NameFor(pool, i)));

    private static int NumberOf(SourceAddress source) => (int)(source.Value & 0xFFFF) / 2;
}
