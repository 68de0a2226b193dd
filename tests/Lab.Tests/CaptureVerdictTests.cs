using System.Buffers.Binary;
using AnycastVip.Lab.Tests.Fixture;

namespace AnycastVip.Lab.Tests;

/// <summary>That the judge of all captures (<see cref="ObservedLab"/>) finds what is wrong, and only that.</summary>
public sealed class CaptureVerdictTests
{
    private const string Origin = "40010100";
    private const string Rest = "4002060201" + "0000fde9" + "4003040a000102";
    private const string Nlri = "20cb007132";

    [Theory]
    [InlineData(Origin + Rest, Nlri, null)]
    [InlineData("4001020000" + Rest, Nlri, "Origin (invalid): 2 bytes")]
    [InlineData(Origin + "400250", Nlri, "Path attribute length is invalid: 80 bytes")]
    [InlineData(Origin + Rest, "40cb007132", "NLRI length 64 invalid (> 32)")]
    public async Task A_capture_is_judged(string attributes, string nlri, string? complaint)
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "one.pcap");
        await File.WriteAllBytesAsync(
            file,
            Capture(Update(Convert.FromHexString(attributes), Convert.FromHexString(nlri))),
            TestContext.Current.CancellationToken);

        var verdict = await CaptureVerdict.ReadAsync(file);

        Assert.Equal(1, verdict.Updates);
        if (complaint is null)
            Assert.Empty(verdict.Complaints);
        else
            Assert.Contains(complaint, verdict.Complaints);
    }

    private static byte[] Update(byte[] attributes, byte[] nlri) =>
    [
        .. Enumerable.Repeat((byte)0xff, 16), .. BigEndian(23 + attributes.Length + nlri.Length), 2,
        .. BigEndian(0), .. BigEndian(attributes.Length), .. attributes, .. nlri,
    ];

    // A pcap of one IPv4 packet (LINKTYPE_RAW) from 10.0.1.2 to 10.0.1.1, TCP port 179.
    private static byte[] Capture(byte[] payload)
    {
        var length = 40 + payload.Length;
        return
        [
            .. LittleEndian(0xa1b2c3d4, 0x00040002, 0, 0, 65535, 101),
            .. LittleEndian(0, 0, (uint)length, (uint)length),
            0x45, 0, .. BigEndian(length), 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 1, 2, 10, 0, 1, 1,
            .. BigEndian(40000), .. BigEndian(179), 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 4, 0, 0, 0, 0, 0,
            .. payload,
        ];
    }

    private static byte[] BigEndian(int value)
    {
        var octets = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(octets, (ushort)value);
        return octets;
    }

    private static byte[] LittleEndian(params uint[] values)
    {
        var octets = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(octets.AsSpan(4 * i), values[i]);
        return octets;
    }
}
