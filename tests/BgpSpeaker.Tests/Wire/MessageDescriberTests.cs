using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Wire;

public sealed class MessageDescriberTests
{
    [Theory]
    [InlineData("update/missing-mandatory: nothing is missing", 1, "AS_PATH", "well-known transitive", "65002")]
    [InlineData("update/missing-mandatory: nothing is missing", 2, "NEXT_HOP", "well-known transitive", "10.0.1.2")]
    [InlineData("update/as-path-content: own AS", 1, "AS_PATH", "well-known transitive", "65002 65001")]
    [InlineData("update/as-path-content: a set behind a sequence", 1, "AS_PATH", "well-known transitive",
        "65002 {65003 65004}")]
    [InlineData("update/as-path-content: AS_CONFED_SEQUENCE from outside", 1, "AS_PATH", "well-known transitive",
        "(65003) 65002")]
    [InlineData("update/malformed-attribute: well-formed ones of all of these", 4, "COMMUNITIES", "optional transitive",
        "graceful-shutdown 65001:1")]
    [InlineData("update/malformed-attribute: well-formed ones of all of these", 5, "EXTENDED_COMMUNITIES",
        "optional transitive", "rt:65001:1")]
    [InlineData("update/malformed-attribute: well-formed ones of all of these", 6, "LARGE_COMMUNITY",
        "optional transitive", "0:0:0")]
    [InlineData("update/malformed-attribute: ORIGIN of two octets", 0, "ORIGIN", "well-known transitive", "0000")]
    [InlineData("update/unknown-optional: partial", 3, "attribute", "optional transitive partial", "00")]
    [InlineData("update/next-hop-value: a global and a link-local address", 0, "MP_REACH_NLRI", "optional",
        "ipv6-unicast next hop 2001:db8::2 fe80::1, 1 prefixes")]
    [InlineData("update/not-negotiated: EVPN withdrawn", 0, "MP_UNREACH_NLRI", "optional",
        "25/70, not negotiated: ignored")]
    public void An_attribute_is_put_into_words(string vector, int index, string name, string flags, string value)
    {
        var attribute = Describe(vector).Attributes[index];

        Assert.Equal((name, flags, value), (attribute.Name, attribute.Flags, attribute.Value));
    }

    [Fact]
    public void Prefixes_are_listed()
    {
        var description = Describe("update/prefix: withdrawn and announced");

        Assert.Equal("198.51.100.0/24", Assert.Single(description.Withdrawn).ToString());
        Assert.Equal("203.0.113.50/32", Assert.Single(description.Announced).ToString());
        Assert.Equal((Severity.None, ""), (description.Severity, description.Fault));
    }

    [Theory]
    [InlineData("update/malformed-attribute: ORIGIN 3", Severity.TreatAsWithdraw,
        "ORIGIN (1) at octet 23: undefined origin: treat-as-withdraw")]
    [InlineData("update/only-to-customer: from a customer", Severity.TreatAsWithdraw,
        "ONLY_TO_CUSTOMER (35) at octet 43: route leak: treat-as-withdraw")]
    [InlineData("update/missing-mandatory: AS_PATH", Severity.TreatAsWithdraw,
        "AS_PATH (2): missing: treat-as-withdraw")]
    [InlineData("update/unknown-well-known: type 250", Severity.SessionReset,
        "attribute (250) at octet 43: unrecognized well-known attribute: session-reset")]
    [InlineData("update/length-beyond-message: attributes", Severity.SessionReset,
        "UPDATE at octet 23: attributes longer than the message: session-reset")]
    public void The_strongest_error_is_named_with_its_place(string vector, Severity severity, string fault)
    {
        var description = Describe(vector);

        Assert.Equal((severity, fault), (description.Severity, description.Fault));
        Assert.Equal(severity == Severity.SessionReset, description.Owed is not null);
    }

    [Fact]
    public void An_open_is_put_into_words()
    {
        var fields = Describe("open/version: 4").Fields.Select(field => $"{field.Name}: {field.Value}");

        Assert.Equal(
        [
            "my autonomous system: 65002", "AS number: 65002", "hold time: 90 s", "BGP identifier: 10.0.1.2",
            "capability: multiprotocol ipv4-unicast", "capability: multiprotocol ipv6-unicast",
            "capability: route-refresh", "capability: four-octet-as 65002",
        ], fields);
    }

    [Theory]
    [InlineData(1, "role rs-server")]
    [InlineData(9, "role 9")]
    public void A_role_is_put_into_words(byte role, string text) =>
        Assert.Equal(text, CapabilityText.Of(new RoleCapability((BgpRole)role)));

    [Fact]
    public void Graceful_restart_names_its_bits() =>
        Assert.Equal(
            "graceful-restart 15 s R N, ipv4-unicast F, ipv6-unicast",
            CapabilityText.Of(new GracefulRestartCapability(
                true, true, 15, [new(Family.IPv4Unicast, true), new(Family.IPv6Unicast, false)])));

    [Fact]
    public void ADD_PATH_is_put_into_words() =>
        Assert.Equal(
            "add-path ipv4-unicast receive, ipv6-unicast send, 1/128 send and receive",
            CapabilityText.Of(new AddPathCapability(
            [
                new(Family.IPv4Unicast, AddPathMode.Receive), new(Family.IPv6Unicast, AddPathMode.Send),
                new(new Family(1, 128), AddPathMode.Receive | AddPathMode.Send),
            ])));

    [Fact]
    public void Prefixes_behind_path_identifiers_are_listed()
    {
        var vector = VectorFiles.All.Single(each => each.Name == "update/add-path: MP_REACH_NLRI");

        Assert.Equal(
            ["2001:db8::50/128", "2001:db8::50/128"],
            MessageDescriber.Describe(vector.Bytes, vector.Context).Announced.Select(prefix => prefix.ToString()));
    }

    [Fact]
    public void A_strangers_host_name_cannot_steer_the_terminal() =>
        Assert.Equal(
            "fqdn tor1\\x1b[2J.example", CapabilityText.Of(new FqdnCapability("tor1\u001b[2J", "example")));

    [Fact]
    public void A_notification_is_put_into_words() =>
        Assert.Contains(
            new DescribedField("meaning", "Cease/Administrative Shutdown: kernel"),
            Describe("session/notification: Cease/2 with a text").Fields);

    [Theory]
    [InlineData("", "incomplete")]
    [InlineData("ffff", "incomplete")]
    [InlineData("00", "malformed")]
    public void Bytes_that_are_no_message_are_called_so(string hex, string type) =>
        Assert.Equal(type, MessageDescriber.Describe(Convert.FromHexString(hex), UpdateContext.Assumed).Type);

    private static MessageDescription Describe(string name)
    {
        var vector = VectorFiles.All.Single(vector => vector.Name == name);
        return MessageDescriber.Describe(vector.Bytes, vector.Context);
    }
}
