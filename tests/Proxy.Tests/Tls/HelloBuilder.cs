using System.Text;

namespace AnycastVip.Proxy.Tests.Tls;

/// <summary>Builds ClientHellos as RFC 8446 has them, and such as it forbids.</summary>
internal sealed record HelloBuilder
{
    private const byte Handshake = 22;

    public ushort Version { get; init; } = 0x0303;
    public byte[] SessionId { get; init; } = new byte[32];
    public ushort[] Suites { get; init; } = [0x0A0A, 0x1301, 0x1302];
    public byte[] Compression { get; init; } = [0];

    /// <summary>Null: the hello ends before its extensions.</summary>
    public IReadOnlyList<(ushort Type, byte[] Content)>? Extensions { get; init; } = [];

    public static (ushort, byte[]) ServerName(string name) => ServerName([0, .. Long(Encoding.UTF8.GetBytes(name))]);

    public static (ushort, byte[]) ServerName(byte[] list) => (0, Long(list));

    public static (ushort, byte[]) Alpn(params string[] names) =>
        (16, Long([.. names.SelectMany(name => Short(Encoding.UTF8.GetBytes(name)))]));

    public static (ushort, byte[]) EncryptedClientHello => (0xFE0D, [0, 0, 1, 0, 1, 7, 0, 0, 0, 0]);

    public static (ushort, byte[]) Grease(ushort type, int length = 1) => (type, new byte[length]);

    /// <summary>The message with its head.</summary>
    public byte[] Message()
    {
        byte[] body =
        [
            .. Number(Version), .. new byte[32], .. Short(SessionId), .. Long([.. Suites.SelectMany(Number)]),
            .. Short(Compression),
        ];
        if (Extensions is not null)
        {
            byte[] extensions = [.. Extensions.SelectMany(each => Number(each.Type).Concat(Long(each.Content)))];
            body = [.. body, .. Long(extensions)];
        }
        return [1, (byte)(body.Length >> 16), .. Number((ushort)body.Length), .. body];
    }

    /// <summary>The message in records of at most <paramref name="fragment"/> octets.</summary>
    public byte[] Records(int fragment = 1 << 14, ushort version = 0x0301) =>
        [.. Message().Chunk(fragment).SelectMany(part => Record(part, version))];

    public static byte[] Record(byte[] content, ushort version = 0x0301, byte type = Handshake) =>
        [type, .. Number(version), .. Long(content)];

    public static byte[] Short(byte[] content) => [checked((byte)content.Length), .. content];

    public static byte[] Long(byte[] content) => [.. Number(checked((ushort)content.Length)), .. content];

    private static byte[] Number(ushort value) => [(byte)(value >> 8), (byte)value];
}
