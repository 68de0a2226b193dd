using System.Net;
using AnycastVip.HealthGate.Addresses;

namespace AnycastVip.HealthGate.Tests.Addresses;

public sealed class AddressPlanTests
{
    private const int Lo = 1;
    private const int Eth0 = 2;

    private static readonly IPAddress V4 = IPAddress.Parse("203.0.113.50");
    private static readonly IPAddress V6 = IPAddress.Parse("2001:db8::50");

    [Fact]
    public void A_wanted_address_that_is_absent_is_added() =>
        Assert.Equal([new AddressAction.Add(V4)], Plan([V4]));

    [Fact]
    public void Our_own_is_kept() =>
        Assert.Equal([new AddressAction.Keep(V4), new AddressAction.Keep(V6)], Plan([V4, V6], Own(V4), Own(V6)));

    [Fact]
    public void Our_own_that_is_not_wanted_is_removed() =>
        Assert.Equal([new AddressAction.Remove(V6), new AddressAction.Keep(V4)], Plan([V4], Own(V4), Own(V6)));

    [Fact]
    public void An_unwanted_foreign_address_does_not_appear() =>
        Assert.Empty(Plan([], Own(V4) with { Protocol = 0 }, Own(V6) with { Protocol = 3 }));

    public static TheoryData<int, int, byte> Holders => new()
    {
        { Lo, 32, 0 },
        { Lo, 24, 0 },
        { Lo, 32, 2 },
        // Marked, and yet not as this program does it: another prefix length, another interface.
        { Lo, 24, InterfaceAddress.OwnProtocol },
        { Eth0, 32, InterfaceAddress.OwnProtocol },
        { Eth0, 24, 0 },
    };

    [Theory]
    [MemberData(nameof(Holders))]
    public void A_wanted_address_that_somebody_else_holds_is_refused(int index, int length, byte protocol)
    {
        var holder = new InterfaceAddress(index, V4, length, protocol);

        Assert.Equal([new AddressAction.Refuse(holder)], Plan([V4], holder));
        Assert.Empty(Plan([], holder));
    }

    [Fact]
    public void Our_own_is_kept_when_another_interface_has_the_address_too() =>
        Assert.Equal([new AddressAction.Keep(V6)], Plan([V6], Own(V6) with { InterfaceIndex = Eth0 }, Own(V6)));

    private static IReadOnlyList<AddressAction> Plan(HashSet<IPAddress> wanted, params InterfaceAddress[] present) =>
        AddressPlan.For(wanted, present, Lo);

    private static InterfaceAddress Own(IPAddress address) =>
        new(Lo, address, InterfaceAddress.HostLength(address), InterfaceAddress.OwnProtocol);
}
