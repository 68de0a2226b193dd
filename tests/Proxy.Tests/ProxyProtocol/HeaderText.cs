using System.Text;
using AnycastVip.Proxy.ProxyProtocol;

namespace AnycastVip.Proxy.Tests.ProxyProtocol;

/// <summary>Says what a reader answered, in the words of the vectors.</summary>
internal static class HeaderText
{
    private const int LongValue = 64;

    public static string Read(ReadOnlySpan<byte> octets, out int length)
    {
        var verdict = ProxyHeaderReader.Read(octets, out var header, out var fault);
        length = header.Length;
        Assert.Equal(verdict == HeaderVerdict.Fault, fault.Length > 0);
        return verdict switch
        {
            HeaderVerdict.NeedMore => "more",
            HeaderVerdict.Fault => $"fault: {fault}",
            _ => $"whole v{header.Version} {header.Command} {header.Family} {header.Transport}"
                + EndpointsOf(header) + TlvsOf(header),
        };
    }

    private static string EndpointsOf(in ProxyHeader header) => header.Family switch
    {
        ProxyFamily.Unspecified => "",
        ProxyFamily.Unix => $" {PathOf(header.UnixPaths[..108])} > {PathOf(header.UnixPaths[108..])}",
        _ => $" {Describe(header.Source)} > {Describe(header.Destination)}",
    };

    private static string Describe(in ProxyEndpoint endpoint)
    {
        Span<byte> buffer = stackalloc byte[39];
        var address = Encoding.ASCII.GetString(buffer[..AddressText.Write(endpoint, buffer)]);
        return endpoint.Family == ProxyFamily.IPv6 ? $"[{address}]:{endpoint.Port}" : $"{address}:{endpoint.Port}";
    }

    private static string PathOf(ReadOnlySpan<byte> octets) => Encoding.ASCII.GetString(octets.TrimEnd((byte)0));

    private static string TlvsOf(in ProxyHeader header)
    {
        var text = new StringBuilder();
        var reader = new TlvReader(header.Tlvs);
        while (reader.TryRead(out var type, out var value))
        {
            text.Append(' ').Append(type.ToString("x2")).Append('=');
            text.Append(value.Length > LongValue ? $"{value.Length} octets" : Convert.ToHexStringLower(value));
        }
        return text.ToString();
    }
}
