using System.Net;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>Backups: who serves when no other can.</summary>
public sealed class BackupTests
{
    private static readonly BackendSpec Any = new() { Name = "", Endpoint = new(IPAddress.Loopback, 1) };
    private static readonly BackendSpec Backup = Any with { IsBackup = true };

    // Capitals are backups; the others stand before them.
    public static TheoryData<BackendSpec[], ushort[], string> Choices => new()
    {
        { [Any, Any, Backup, Backup], [], "abab" },
        { [Any, Any, Backup, Backup], [1], "aaaa" },
        { [Any, Any, Backup, Backup], [0, 1], "CDCD" },
        { [Any, Any, Backup, Backup], [0, 1, 2], "DDDD" },
        { [Any with { State = BackendState.Down }, Any with { Weight = 0 }, Backup, Backup], [], "CDCD" },
        { [Any with { State = BackendState.Down }, Backup with { State = BackendState.Down }, Backup], [], "CCCC" },
        { [Any with { MaxConnections = 2 }, Backup], [], "aaBB" },
    };

    [Theory]
    [MemberData(nameof(Choices), DisableDiscoveryEnumeration = true)]
    public void A_backup_gets_what_no_other_can_take(BackendSpec[] specs, ushort[] tried, string expected)
    {
        foreach (var algorithm in Enum.GetValues<BalanceAlgorithm>())
        {
            var pool = PoolOf(specs, algorithm);
            var names = expected.Select(_ => NameOf(pool.Reserve(tried, default)!)).Order().ToArray();
            if (algorithm is BalanceAlgorithm.Random or BalanceAlgorithm.SourceHash or BalanceAlgorithm.Maglev)
                Assert.Subset(expected.ToHashSet(), names.ToHashSet());
            else
                Assert.Equal(string.Concat(expected.Order()), string.Concat(names));
        }
    }

    [Fact]
    public void A_backup_in_health_goes_before_an_ejected_backend_and_that_before_nobody()
    {
        var pool = PoolOf([Any, Backup]);
        pool.Ejects = true;
        for (var i = 0; i < Ejection.ConsecutiveFailures; i++)
            pool.Report(0, succeeded: false, default);
        Assert.Equal('B', NameOf(pool.Reserve([], default)!));
        Assert.Equal('a', NameOf(pool.Reserve([1], default)!));
    }

    [Fact]
    public void Where_backups_go_first_another_will_do_too()
    {
        var pool = PoolOf([Any, Backup]);
        Assert.Equal('B', NameOf(pool.Reserve([], default, backupsFirst: true)!));
        Assert.Equal('a', NameOf(pool.Reserve([1], default, backupsFirst: true)!));
        Assert.Null(pool.Reserve([0, 1], default, backupsFirst: true));
    }

    [Fact]
    public async Task When_all_other_backends_are_dead_no_client_sees_an_error()
    {
        using var rig = new Rig();
        var backup = rig.Listen();
        var dead = Enumerable.Range(0, 5).Select(i => Rig.Backend($"dead{i}", Rig.Nobody()));
        var endpoint = rig.Open(Rig.Pool(
            [.. dead, Rig.Backend("backup", backup.EndPoint()) with { IsBackup = true }]) with { ConnectRetries = 2 });
        for (var i = 0; i < 20; i++)
        {
            var (client, server) = await rig.Pair(endpoint, backup);
            await client.Write("x"u8.ToArray());
            Assert.Equal("x"u8.ToArray(), await server.Read(1));
        }
        Assert.Equal((0, 20), (rig.Count(endpoint).NoBackend, rig.Count("backup").Connected));
    }

    private static Pool PoolOf(BackendSpec[] specs, BalanceAlgorithm algorithm = default) => new(
        new() { Name = "p", Balance = algorithm },
        [.. specs.Select((spec, i) => new Backend(spec, (ushort)i, new()))]);

    private static char NameOf(Backend backend) => (char)((backend.Spec.IsBackup ? 'A' : 'a') + backend.Slot);
}
