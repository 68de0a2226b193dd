using System.Text;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Tests.Tls;

/// <summary>Says in words what the reader answered.</summary>
internal static class HelloText
{
    public static string Read(ReadOnlySpan<byte> octets)
    {
        var scratch = new byte[ClientHelloReader.MaximumLength];
        var verdict = ClientHelloReader.Read(octets, scratch, out var hello, out var fault);
        Assert.Equal(verdict == HelloVerdict.Fault, fault.Length > 0);
        return verdict switch
        {
            HelloVerdict.NeedMore => "more",
            HelloVerdict.NotTls => "not TLS",
            HelloVerdict.Fault => $"fault: {fault}",
            _ => $"name={Encoding.UTF8.GetString(hello.ServerName)} alpn={ProtocolsOf(hello)}"
                + (hello.HasEncryptedClientHello ? " ech" : ""),
        };
    }

    private static string ProtocolsOf(in ClientHello hello)
    {
        var text = new List<string>();
        var names = new ProtocolNames(hello.Protocols);
        while (names.TryRead(out var name))
            text.Add(Encoding.UTF8.GetString(name));
        return string.Join(',', text);
    }
}
