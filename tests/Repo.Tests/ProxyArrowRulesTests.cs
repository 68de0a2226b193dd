namespace AnycastVip.Repo.Tests;

public sealed class ProxyArrowRulesTests
{
    private const string House = """

        namespace AnycastVip.Proxy.Balancing { public class B; }
        namespace AnycastVip.Proxy.ProxyProtocol { public class P; }
        namespace AnycastVip.Proxy.Tls { public class T; }
        namespace AnycastVip.Proxy.Engine { public class E; }
        namespace AnycastVip.Proxy.Engine.Kernel { public class K; }
        """;

    [Fact]
    public void The_rooms_of_the_proxy_keep_their_arrows() =>
        Breaches.AssertNone(ProxyArrowRules.RoomArrows(Repository.CSharp));

    [Fact]
    public void The_pure_rooms_name_only_values() =>
        Breaches.AssertNone(ProxyArrowRules.ImpureNames(Repository.CSharp));

    [Theory]
    [InlineData("Balancing", "Engine.E e", false)]
    [InlineData("Balancing", "Engine.Kernel.K k", false)]
    [InlineData("Balancing", "B b", true)]
    [InlineData("Engine/Kernel", "E e", false)]
    [InlineData("Engine/Kernel", "Balancing.B b", false)]
    [InlineData("Engine/Kernel", "K k", true)]
    [InlineData("Engine", "Balancing.B b; Kernel.K k; ProxyProtocol.P p; Tls.T t", true)]
    [InlineData("ProxyProtocol", "Tls.T t", false)]
    [InlineData("Tls", "Engine.Kernel.K k", false)]
    [InlineData("Balancing", "Tls.T t", false)]
    public void An_arrow_against_the_rule_is_found(string room, string fields, bool allowed)
    {
        var text = $"namespace AnycastVip.Proxy.{room.Replace('/', '.')} {{ class C {{ {fields}; }} }}";
        var files = new SourceSet(() => [new("lab/House.cs", House), new($"src/Proxy/{room}/C.cs", text)]);
        Assert.Equal(allowed, !ProxyArrowRules.RoomArrows(files).Any());
    }

    [Theory]
    [InlineData("System.Net.Sockets.Socket s", false)]
    [InlineData("TimeProvider t", false)]
    [InlineData("Task t", false)]
    [InlineData("Random r", false)]
    [InlineData("Lock l; System.Net.IPEndPoint e; List<int> i", true)]
    public void An_impure_name_is_found(string fields, bool pure)
    {
        var text = $"class C {{ {fields}; }}";
        Assert.Equal(pure, !ProxyArrowRules.ImpureNames(SourceSet.Of("src/Proxy/Balancing/C.cs", text)).Any());
        Assert.Equal(pure, !ProxyArrowRules.ImpureNames(SourceSet.Of("src/Proxy/Tls/C.cs", text)).Any());
        Assert.Empty(ProxyArrowRules.ImpureNames(SourceSet.Of("src/Proxy/Engine/C.cs", text)));
    }
}
