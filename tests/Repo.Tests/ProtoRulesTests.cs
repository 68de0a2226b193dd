namespace AnycastVip.Repo.Tests;

public sealed class ProtoRulesTests
{
    private static IEnumerable<SourceFile> Apis => Repository.Files.Where(file => file.IsUnder("proto/"));

    [Fact]
    public void The_first_value_of_an_enum_is_unspecified() =>
        Breaches.AssertNone(ProtoRules.EnumsWithoutUnspecified(Apis));

    [Fact]
    public void Names_are_unique_over_the_package() => Breaches.AssertNone(ProtoRules.NamesUsedTwice(Apis));

    [Fact]
    public void Services_methods_and_messages_have_a_comment() => Breaches.AssertNone(ProtoRules.WithoutComment(Apis));

    [Theory]
    [InlineData("enum PeerState {\n  // None.\n  PEER_STATE_UNSPECIFIED = 0;\n  PEER_STATE_IDLE = 1;\n}\n", 0)]
    [InlineData("enum PeerState {\n  UNSPECIFIED = 0;\n}\n", 1)]
    [InlineData("enum PeerState {\n  PEER_STATE_IDLE = 0;\n}\n", 1)]
    [InlineData("enum PeerState {\n  PEER_STATE_UNSPECIFIED = 1;\n}\n", 1)]
    [InlineData("message Peer {\n  enum State {\n    IDLE = 0;\n  }\n}\n", 1)]
    public void An_enum_without_an_unspecified_value_is_found(string text, int breaches) =>
        Assert.Equal(breaches, ProtoRules.EnumsWithoutUnspecified([new("proto/a.proto", text)]).Count());

    [Theory]
    [InlineData("package p;\nmessage Peer {}\n", "package p;\nenum Peer {}\n", 1)]
    [InlineData("package p;\nmessage Peer {}\n", "package p;\nmessage Route {}\n", 0)]
    [InlineData("package p;\nmessage Peer {}\n", "package q;\nmessage Peer {}\n", 0)]
    [InlineData("package p;\n  message Peer {}\n", "package p;\n  message Peer {}\n", 0)]
    public void A_name_that_is_used_twice_is_found(string first, string second, int breaches) =>
        Assert.Equal(
            breaches, ProtoRules.NamesUsedTwice([new("proto/a.proto", first), new("proto/b.proto", second)]).Count());

    [Theory]
    [InlineData("// A peer.\nmessage Peer {}\n", 0)]
    [InlineData("message Peer {}\n", 1)]
    [InlineData("// Peers.\n\nmessage Peer {}\n", 1)]
    [InlineData("service S {}\n", 1)]
    [InlineData("// S.\nservice S {\n  rpc Get(GetRequest) returns (GetResponse);\n}\n", 1)]
    [InlineData("  // Gets.\n  rpc Get(GetRequest) returns (GetResponse);\nmessage GetRequest {}\n", 0)]
    [InlineData("  // Gets.\n  rpc Get(GetRequest) returns (GetResponse);\nmessage PutRequest {}\n", 1)]
    public void A_missing_comment_is_found(string text, int breaches) =>
        Assert.Equal(breaches, ProtoRules.WithoutComment([new("proto/a.proto", text)]).Count());
}
