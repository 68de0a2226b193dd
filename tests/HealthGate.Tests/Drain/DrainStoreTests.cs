using System.Text;
using AnycastVip.HealthGate.Drain;

namespace AnycastVip.HealthGate.Tests.Drain;

public sealed class DrainStoreTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly DrainTarget Node = new DrainTarget.Node();
    private static readonly DrainTarget Web = new DrainTarget.Vip("web");

    private static readonly DrainOrder[] Orders =
    [
        new(Node, "", "ada", Noon),
        new(Web, "umlaut ä, quote \", line\nbreak", "ada", Noon.AddSeconds(1), TimeSpan.FromMinutes(5)),
        new(new DrainTarget.Backend("web", "s1"), "disk", "eve", Noon.AddSeconds(2)),
        new(new DrainTarget.Peer("tor1"), "upgrade", "eve", Noon.AddSeconds(3)),
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("drain").FullName;

    private string File => Path.Combine(_directory, "drains.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Without_a_file_nothing_is_drained()
    {
        using var store = await Open();

        Assert.Empty(store.Current.Orders);
        Assert.Null(store.Damage);
        Assert.Null(store.PersistError);
    }

    [Fact]
    public async Task Every_drain_survives_a_restart_and_every_undrain_too()
    {
        await Save(Orders);
        using (var store = await Open())
        {
            Assert.Equal(Orders, store.Current.Orders);
            Assert.Null(await store.UndrainAsync(Node));
        }

        using var after = await Open();
        Assert.Equal(Orders[1..], after.Current.Orders);
        Assert.Equal(["drains.json"], Directory.GetFiles(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Changes_at_the_same_time_are_all_saved()
    {
        using (var store = await Open())
        {
            var saves = Orders.Select(order => Task.Run(() => store.DrainAsync(order)));
            Assert.All(await Task.WhenAll(saves), Assert.Null);
        }

        using var after = await Open();
        Assert.Equal(Orders, after.Current.Orders);
    }

    [Fact]
    public async Task A_missing_directory_is_refused_with_the_command_that_makes_it()
    {
        var missing = Path.Combine(_directory, "none");

        var error = await Assert.ThrowsAsync<StateDirectoryException>(
            () => DrainStore.OpenAsync(missing, TimeProvider.System));

        Assert.Contains($"mkdir -p -m 750 {missing}", error.Message, Ordinal);
    }

    [Fact]
    public async Task A_second_owner_is_refused_until_the_first_one_is_gone()
    {
        using (await Open())
        {
            var error = await Assert.ThrowsAsync<StateDirectoryException>(Open);
            Assert.Contains("another process uses this state directory", error.Message, Ordinal);
        }
        using var next = await Open();
    }

    [Fact]
    public async Task A_torn_file_of_any_length_is_a_drained_node_that_says_so()
    {
        var whole = await Save(Orders);
        Assert.True(DrainFile.TryRead(whole, out _, out _));
        for (var length = 0; length < whole.Length; length++)
            Assert.False(DrainFile.TryRead(whole.AsSpan(0, length), out _, out _), $"torn at {length}");

        await System.IO.File.WriteAllBytesAsync(File, whole[..^1], Cancel);
        using var store = await Open();

        var order = Assert.Single(store.Current.Orders);
        Assert.Equal(Node, order.Target);
        Assert.Contains("damaged", order.Reason, Ordinal);
        Assert.Equal(order.Reason, store.Damage);
    }

    [Fact]
    public async Task No_flipped_bit_goes_unnoticed()
    {
        var octets = await Save(Orders);
        for (var bit = 0; bit < octets.Length * 8; bit++)
        {
            octets[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(DrainFile.TryRead(octets, out _, out _), $"bit {bit}: {Encoding.UTF8.GetString(octets)}");
            octets[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"version":2,"sha256":"","drains":[]}""")]
    [InlineData("""{"version":1,"sha256":null,"drains":null}""")]
    public async Task What_is_no_drain_file_drains_the_node_and_is_kept_aside_until_somebody_undrains(string text)
    {
        await System.IO.File.WriteAllTextAsync(File, text, Cancel);
        using (var store = await Open())
            Assert.NotNull(store.Damage);

        // The next start finds the drain in a whole file.
        using var next = await Open();
        Assert.Null(next.Damage);
        Assert.Equal(Node, Assert.Single(next.Current.Orders).Target);
        var aside = Assert.Single(Directory.GetFiles(_directory, "drains.json.damaged-*"));
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync(aside, Cancel));
        Assert.Contains(Path.GetFileName(aside), Assert.Single(next.Current.Orders).Reason, Ordinal);
        Assert.Null(await next.UndrainAsync(Node));
        Assert.Empty(next.Current.Orders);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_drains_the_node()
    {
        Directory.CreateDirectory(File);

        using var store = await Open();

        Assert.Equal(Node, Assert.Single(store.Current.Orders).Target);
        Assert.NotNull(store.PersistError);
    }

    [Fact]
    public async Task A_half_written_new_file_is_ignored()
    {
        await Save(Orders[..1]);
        await System.IO.File.WriteAllTextAsync(File + ".new", "{\"vers", Cancel);

        using var store = await Open();

        Assert.Equal(Orders[..1], store.Current.Orders);
    }

    [Fact]
    public async Task On_a_full_disk_the_drain_is_in_force_at_once_and_the_fault_is_told_until_it_is_saved()
    {
        using var disk = TinyDisk.Mount(_directory);
        using (var store = await Open())
        {
            Assert.Null(await store.DrainAsync(Orders[0]));
            disk.Fill();

            var fault = await store.DrainAsync(Orders[1]);

            Assert.Contains("cannot be saved", fault, Ordinal);
            Assert.Equal(fault, store.PersistError);
            Assert.Equal(Orders[..2], store.Current.Orders);
            Assert.False(System.IO.File.Exists(File + ".new"));
        }
        // The old file is whole, and a full disk keeps no one from starting.
        using var next = await Open();
        Assert.Equal(Orders[..1], next.Current.Orders);
        Assert.NotNull(next.PersistError);
        await next.DrainAsync(Orders[1]);
        disk.Free();
        Assert.Null(await next.SaveAsync());
        Assert.Null(next.PersistError);
    }

    [Fact]
    public async Task A_damaged_file_on_a_full_disk_keeps_the_node_drained_over_every_restart()
    {
        using var disk = TinyDisk.Mount(_directory);
        await System.IO.File.WriteAllTextAsync(File, "{", Cancel);
        disk.Fill();
        for (var start = 0; start < 2; start++)
        {
            using var store = await Open();
            Assert.NotNull(store.Damage);
            Assert.NotNull(store.PersistError);
            Assert.Equal(Node, Assert.Single(store.Current.Orders).Target);
        }
        Assert.Equal("{", await System.IO.File.ReadAllTextAsync(File, Cancel));
    }

    [Fact]
    public async Task On_a_read_only_disk_the_drains_are_read_and_new_ones_are_in_force_unsaved()
    {
        using var disk = TinyDisk.Mount(_directory);
        await Save(Orders[..1]);
        disk.Remount("ro");

        using var store = await Open();
        var fault = await store.DrainAsync(Orders[1]);

        Assert.Contains("make the directory writable", fault, Ordinal);
        Assert.Equal(Orders[..2], store.Current.Orders);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Task<DrainStore> Open() => DrainStore.OpenAsync(_directory, TimeProvider.System);

    private async Task<byte[]> Save(DrainOrder[] orders)
    {
        using (var store = await Open())
            foreach (var order in orders)
                Assert.Null(await store.DrainAsync(order));
        return await System.IO.File.ReadAllBytesAsync(File, Cancel);
    }
}
