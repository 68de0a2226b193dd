using System.Net;
using System.Net.Sockets;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.Netlink;

namespace AnycastVip.HealthGate.Tests.Addresses;

/// <summary>The keeper on the real kernel in a namespace of its own; <c>ip</c> plays the other party.</summary>
public sealed class AddressKeeperTests : IDisposable
{
    private static readonly IPAddress V4 = IPAddress.Parse("203.0.113.50");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::50");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly NetworkNamespace _node = NetworkNamespace.Create();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Wanted_addresses_are_put_on_lo_with_mark_scope_and_lifetime()
    {
        await using var keeper = Open();

        var statuses = await keeper.EnsureAsync(Set(V4, V6), Cancel);

        Assert.All(statuses, status => Assert.Equal(AddressState.Present, status.State));
        Assert.Equal([AddressEventKind.Added, AddressEventKind.Added], await Kinds(keeper, 2));
        Assert.Contains("inet 203.0.113.50/32 scope host lo", _node.Ip("-4 addr show lo"), Ordinal);
        var v6 = _node.Ip("-6 addr show lo");
        Assert.Contains("inet6 2001:db8::50/128 scope global nodad deprecated", v6, Ordinal);
        Assert.Contains("valid_lft forever preferred_lft 0sec", v6, Ordinal);
        Assert.DoesNotContain("tentative", v6, Ordinal);
        Assert.Contains("Present", Assert.Single((await keeper.EnsureAsync(Set(V6), Cancel))).ToString(), Ordinal);
        Assert.DoesNotContain("203.0.113.50", _node.Ip("addr show lo"), Ordinal);
    }

    [Fact]
    public async Task The_VIP_is_never_the_source_of_the_nodes_own_packets_on_an_unnumbered_uplink()
    {
        _node.Ip("link add up0 type veth peer name up1");
        _node.Ip("link set up0 up");
        _node.Ip("route add 198.51.100.0/24 dev up0");
        await using var keeper = Open();

        await keeper.EnsureAsync(Set(V4), Cancel);

        Assert.DoesNotContain("src", _node.Ip("route get 198.51.100.1"), Ordinal);
    }

    [Fact]
    public async Task The_same_set_again_changes_nothing()
    {
        await using var keeper = Open();
        await keeper.EnsureAsync(Set(V4, V6), Cancel);
        await Kinds(keeper, 2);

        await keeper.EnsureAsync(Set(V4, V6), Cancel);

        Assert.False(keeper.Events.TryRead(out _));
    }

    [Fact]
    public async Task A_restart_adopts_what_is_wanted_and_removes_what_is_left_over()
    {
        await using (var earlier = Open())
            await earlier.EnsureAsync(Set(V4, V6), Cancel);
        Assert.Contains("203.0.113.50", _node.Ip("addr show lo"), Ordinal);
        await using var keeper = Open();

        await keeper.EnsureAsync(Set(V6), Cancel);

        Assert.Equal([AddressEventKind.Removed, AddressEventKind.Adopted], await Kinds(keeper, 2));
        Assert.DoesNotContain("203.0.113.50", _node.Ip("addr show lo"), Ordinal);
    }

    [Theory]
    [InlineData("203.0.113.50/32")]
    [InlineData("203.0.113.50/24")]
    public async Task A_foreign_address_is_refused_with_its_remedy_and_never_touched(string foreign)
    {
        _node.Ip($"addr add {foreign} dev lo");
        await using var keeper = Open();

        var status = Assert.Single(await keeper.EnsureAsync(Set(V4), Cancel));

        Assert.Equal(AddressState.Foreign, status.State);
        Assert.Contains($"ip address delete {foreign} dev lo", status.Reason, Ordinal);
        Assert.Empty(await keeper.EnsureAsync(Set(), Cancel));
        Assert.Contains($"inet {foreign} scope global", _node.Ip("-4 addr show lo"), Ordinal);
    }

    [Fact]
    public async Task A_foreign_address_that_its_holder_gives_up_is_reported_and_can_then_be_added()
    {
        _node.Ip("link add up0 type veth peer name up1");
        _node.Ip("addr add 2001:db8::50/64 dev up0");
        await using var keeper = Open();
        var status = Assert.Single(await keeper.EnsureAsync(Set(V6), Cancel));
        Assert.Contains("dev up0", status.Reason, Ordinal);

        _node.Ip("addr del 2001:db8::50/64 dev up0");

        Assert.Equal([AddressEventKind.Foreign, AddressEventKind.Freed], await Kinds(keeper, 2));
        Assert.Equal(AddressState.Present, Assert.Single(await keeper.EnsureAsync(Set(V6), Cancel)).State);
    }

    [Fact]
    public async Task Removal_by_hand_is_reported_and_the_address_comes_back_only_when_ensured_again()
    {
        await using var keeper = Open();
        await keeper.EnsureAsync(Set(V4, V6), Cancel);

        _node.Ip("addr del 203.0.113.50/32 dev lo");

        Assert.Equal(AddressEventKind.Lost, (await Kinds(keeper, 3))[^1]);
        var missing = keeper.Statuses.Where(status => status.State == AddressState.Missing);
        Assert.Equal([V4], missing.Select(status => status.Address));
        Assert.DoesNotContain("203.0.113.50", _node.Ip("addr show lo"), Ordinal);
        await keeper.EnsureAsync(Set(V4, V6), Cancel);
        Assert.Equal(AddressEventKind.Added, Assert.Single(await Kinds(keeper, 1)));
    }

    [Fact]
    public async Task A_lost_address_that_somebody_else_adds_is_foreign()
    {
        await using var keeper = Open();
        await keeper.EnsureAsync(Set(V4), Cancel);

        _node.Ip("addr del 203.0.113.50/32 dev lo");
        Assert.Equal([AddressEventKind.Added, AddressEventKind.Lost], await Kinds(keeper, 2));
        _node.Ip("addr add 203.0.113.50/32 dev lo");

        Assert.Equal([AddressEventKind.Foreign], await Kinds(keeper, 1));
    }

    [Fact]
    public async Task An_address_of_ours_that_somebody_else_changes_is_theirs_from_then_on()
    {
        await using var keeper = Open();
        await keeper.EnsureAsync(Set(V6), Cancel);

        _node.Ip("addr change 2001:db8::50/128 dev lo preferred_lft forever valid_lft forever");

        Assert.Equal([AddressEventKind.Added, AddressEventKind.Foreign], await Kinds(keeper, 2));
    }

    [Fact]
    public async Task A_missing_interface_is_named_with_the_remedy_and_one_that_goes_takes_its_addresses_along()
    {
        await using var keeper = Open("vip0");
        var status = Assert.Single(await keeper.EnsureAsync(Set(V4), Cancel));
        Assert.Contains("interface vip0 does not exist; create it", status.Reason, Ordinal);
        _node.Ip("link add vip0 type veth peer name vip1");
        await keeper.EnsureAsync(Set(V4), Cancel);

        _node.Ip("link del vip0");

        Assert.Equal(
            [AddressEventKind.Failed, AddressEventKind.Added, AddressEventKind.Lost], await Kinds(keeper, 3));
    }

    [Fact]
    public async Task Without_the_capability_the_address_is_missing_and_the_remedy_is_named()
    {
        _node.DropCapabilities();
        await using var keeper = Open();

        var status = Assert.Single(await keeper.EnsureAsync(Set(V4), Cancel));

        Assert.Equal(AddressState.Missing, status.State);
        Assert.Contains("CAP_NET_ADMIN", status.Reason, Ordinal);
    }

    [Fact]
    public async Task IPv6_that_is_switched_off_is_named_with_the_remedy_and_hinders_no_v4_address()
    {
        _node.Run(() =>
        {
            File.WriteAllText("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "1");
            return 0;
        });
        await using var keeper = Open();

        var statuses = await keeper.EnsureAsync(Set(V6, V4), Cancel);
        await keeper.EnsureAsync(Set(V6, V4), Cancel);

        Assert.Equal(AddressState.Present, statuses.Single(status => status.Address.Equals(V4)).State);
        Assert.Contains("disable_ipv6=0", statuses.Single(status => status.Address.Equals(V6)).Reason, Ordinal);
        Assert.Equal([AddressEventKind.Failed, AddressEventKind.Added], await Kinds(keeper, 2));
        Assert.False(keeper.Events.TryRead(out _));
    }

    [Fact]
    public async Task Dropped_notifications_are_seen_as_ENOBUFS_and_the_next_ones_arrive_once_the_queue_is_drained()
    {
        using var socket = _node.Run(() => NetlinkSocket.Open(AddressMessages.AddressGroups));
        socket.ReceiveBufferOctets = 1;
        Flood();

        var error = await Assert.ThrowsAsync<SocketException>(() => socket.ReceiveAsync(Cancel));
        Assert.Equal(SocketError.NoBufferSpaceAvailable, error.SocketErrorCode);
        socket.Drain();
        _node.Ip("addr del 192.0.0.1/32 dev lo");

        var message = Assert.Single(await socket.ReceiveAsync(Cancel));
        Assert.Equal(AddressMessages.DeleteAddress, message.Type);
    }

    [Fact]
    public async Task A_removal_in_a_flood_that_drops_notifications_is_seen()
    {
        await using var keeper = Open(notificationBufferOctets: 1);
        await keeper.EnsureAsync(Set(V4), Cancel);

        Flood("addr del 203.0.113.50/32 dev lo");

        await Poll.Until(() => keeper.Statuses.Single().State, state => state == AddressState.Missing, Patience,
            "the removal is seen");
    }

    private void Flood(string inTheMidst = "")
    {
        var file = Path.GetTempFileName();
        var changes = Enumerable.Range(1, 400).SelectMany(i => new[]
        {
            $"addr add 192.0.{i / 250}.{i % 250}/32 dev lo", i == 200 ? inTheMidst : "",
        });
        File.WriteAllLines(file, changes);
        _node.Ip($"-batch {file}");
        File.Delete(file);
    }

    private AddressKeeper Open(string interfaceName = "lo", int? notificationBufferOctets = null) =>
        _node.Run(() => AddressKeeper.Open(interfaceName, notificationBufferOctets));

    private static HashSet<IPAddress> Set(params IPAddress[] addresses) => [.. addresses];

    private static async Task<List<AddressEventKind>> Kinds(AddressKeeper keeper, int count)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        bound.CancelAfter(Patience);
        var kinds = new List<AddressEventKind>();
        while (kinds.Count < count)
            kinds.Add((await keeper.Events.ReadAsync(bound.Token)).Kind);
        return kinds;
    }
}
