namespace AnycastVip.Repo.Tests;

public sealed class ArrowRulesTests
{
    // One type in each room, so that a sample has something to name.
    private const string House = """

        namespace AnycastVip.BgpSpeaker.Wire { public class W { public static int Octets; } }
        namespace AnycastVip.BgpSpeaker.Session { public class S; }
        namespace AnycastVip.BgpSpeaker.Bfd { public class B; public class BfdText; }
        namespace AnycastVip.BgpSpeaker.Timing { public class J; }
        namespace AnycastVip.BgpSpeaker.Rib { public class R; }
        namespace AnycastVip.BgpSpeaker.Peering { public class P; }
        namespace AnycastVip.BgpSpeaker.Runtime { public class T; }
        namespace AnycastVip.BgpSpeaker.Api { public class A; }
        namespace AnycastVip.HealthGate.Health { public class H; }
        namespace AnycastVip.HealthGate.Checks { public class K; }
        """;

    [Fact]
    public void The_rooms_keep_their_arrows() =>
        Breaches.AssertNone(ArrowRules.RoomArrows(Repository.CSharp));

    [Fact]
    public void Each_file_lies_in_its_room() =>
        Breaches.AssertNone(ArrowRules.MisplacedNamespaces(Repository.CSharp));

    [Fact]
    public void The_pure_rooms_name_only_values() => Breaches.AssertNone(ArrowRules.ImpureNames(Repository.CSharp));

    [Fact]
    public void Vipctl_knows_only_Wire_and_the_codec_of_BFD() =>
        Breaches.AssertNone(ArrowRules.VipctlArrows(Repository.CSharp));

    [Fact]
    public void Messages_of_proto_stay_at_the_edge() => Breaches.AssertNone(ArrowRules.ProtoArrows(Repository.CSharp));

    [Theory]
    [InlineData("Wire", "Session.S s", false)]
    [InlineData("Wire", "AnycastVip.BgpSpeaker.Rib.R r", false)]
    [InlineData("Wire", "W w", true)]
    [InlineData("Session", "Wire.W w", true)]
    [InlineData("Session", "Rib.R r", false)]
    [InlineData("Session", "Bfd.B b", false)]
    [InlineData("Bfd", "Timing.J j", true)]
    [InlineData("Bfd", "Session.S s", false)]
    [InlineData("Timing", "Bfd.B b", false)]
    [InlineData("Rib", "Session.S s", false)]
    [InlineData("Rib", "int i = Wire.W.Octets", true)]
    [InlineData("Peering", "Session.S s, t; Rib.R r", true)]
    [InlineData("Peering", "Runtime.T t", false)]
    [InlineData("Runtime", "Peering.P p", true)]
    [InlineData("Runtime", "System.Collections.Generic.List<Api.A> a", false)]
    [InlineData("Api", "Runtime.T t", true)]
    public void An_arrow_against_the_rule_is_found(string room, string fields, bool allowed)
    {
        var text = $"namespace AnycastVip.BgpSpeaker.{room} {{ class C {{ {fields}; }} }}";
        var files = new SourceSet(() => [new("lab/House.cs", House), new($"src/BgpSpeaker/{room}/C.cs", text)]);
        Assert.Equal(allowed, !ArrowRules.RoomArrows(files).Any());
    }

    [Theory]
    [InlineData("Health", "Checks.K k", false)]
    [InlineData("Checks", "Health.H h", true)]
    public void An_arrow_against_the_rule_is_found_in_HealthGate(string room, string fields, bool allowed)
    {
        var text = $"namespace AnycastVip.HealthGate.{room} {{ class C {{ {fields}; }} }}";
        var files = new SourceSet(() => [new("lab/House.cs", House), new($"src/HealthGate/{room}/C.cs", text)]);
        Assert.Equal(allowed, !ArrowRules.RoomArrows(files).Any());
    }

    [Theory]
    [InlineData("src/BgpSpeaker/Wire/C.cs", "AnycastVip.BgpSpeaker.Wire", 0)]
    [InlineData("src/BgpSpeaker/Wire/C.cs", "AnycastVip.BgpSpeaker.Rib", 1)]
    [InlineData("src/BgpSpeaker/Wire/C.cs", "AnycastVip.BgpSpeaker.WireTap", 1)]
    [InlineData("src/BgpSpeaker/C.cs", "AnycastVip.BgpSpeaker", 1)]
    [InlineData("src/BgpSpeaker/Attic/C.cs", "AnycastVip.BgpSpeaker.Attic", 1)]
    [InlineData("src/HealthGate/Health/C.cs", "AnycastVip.HealthGate.Health", 0)]
    [InlineData("src/HealthGate/Health/C.cs", "AnycastVip.HealthGate.Checks", 1)]
    public void A_namespace_in_another_room_is_found(string path, string space, int breaches) =>
        Assert.Equal(breaches, ArrowRules.MisplacedNamespaces(SourceSet.Of(path, $"namespace {space};")).Count());

    [Theory]
    [InlineData("Socket s", false)]
    [InlineData("AddressFamily f; System.Net.IPAddress a", true)]
    [InlineData("Task t", false)]
    [InlineData("CancellationToken t", false)]
    [InlineData("Lock l", false)]
    [InlineData("Stream s", false)]
    [InlineData("System.Diagnostics.Stopwatch s", false)]
    [InlineData("TimeProvider t", false)]
    [InlineData("TimeSpan t; List<ulong> l; string s = \"a\".Trim()", true)]
    [InlineData("Random r", false)]
    [InlineData("long l = Environment.TickCount64", false)]
    [InlineData("Microsoft.Extensions.Logging.ILogger l", false)]
    [InlineData("ILogger l", false)]
    [InlineData("Google.Protobuf.IMessage m", false)]
    public void An_impure_name_is_found(string fields, bool pure)
    {
        var text = $"using System.Net.Sockets; class C {{ {fields}; }}";
        Assert.Equal(pure, !ArrowRules.ImpureNames(SourceSet.Of("src/BgpSpeaker/Rib/C.cs", text)).Any());
        Assert.Equal(pure, !ArrowRules.ImpureNames(SourceSet.Of("src/HealthGate/Health/C.cs", text)).Any());
        Assert.Empty(ArrowRules.ImpureNames(SourceSet.Of("src/BgpSpeaker/Runtime/C.cs", text)));
    }

    [Theory]
    [InlineData("Wire.W w", true)]
    [InlineData("Bfd.BfdText t", true)]
    [InlineData("Bfd.B b", false)]
    [InlineData("Session.S s", false)]
    [InlineData("Runtime.T t", false)]
    public void Vipctl_naming_another_room_is_found(string fields, bool allowed)
    {
        var text = $"namespace AnycastVip.BgpSpeaker {{ class C {{ {fields}; }} }}";
        var files = new SourceSet(() => [new("lab/House.cs", House), new("src/Vipctl/C.cs", text)]);
        Assert.Equal(allowed, !ArrowRules.VipctlArrows(files).Any());
    }

    [Theory]
    [InlineData("src/BgpSpeaker/Runtime/C.cs", "using AnycastVip.Proto.V1;", true)]
    [InlineData("src/Vipd/C.cs", "class C { object o = AnycastVip.Proto.V1.Peer.Parser; }", true)]
    [InlineData("src/Vipd/C.cs", "namespace AnycastVip.Vipd; class C { Proto.V1.Peer p; }", true)]
    [InlineData("src/BgpSpeaker/Api/C.cs", "using AnycastVip.Proto.V1;", false)]
    [InlineData("src/Vipctl/C.cs", "using AnycastVip.Proto.V1;", false)]
    public void Messages_of_proto_inside_are_found(string path, string text, bool found) =>
        Assert.Equal(found, ArrowRules.ProtoArrows(SourceSet.Of(path, text)).Any());
}
