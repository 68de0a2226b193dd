using System.Net;
using System.Text.Json;

namespace AnycastVip.Vipctl.Tests;

/// <summary><c>vipctl decode --read</c>: captures in every format, and what TCP does to messages.</summary>
public sealed class CaptureTests
{
    private static readonly IPEndPoint Left = CaptureSample.Left;
    private static readonly IPEndPoint Right = CaptureSample.Right;

    public static TheoryData<uint, int, bool> Formats => new()
    {
        { 0xA1B2C3D4, 1, false }, { 0xD4C3B2A1, 1, false }, { 0xA1B23C4D, 1, false }, { 0x4D3CB2A1, 1, false },
        { 0xD4C3B2A1, 1, true }, { 0xD4C3B2A1, 113, false }, { 0xD4C3B2A1, 276, false }, { 0xD4C3B2A1, 101, false },
        { CaptureFormat.Pcapng, 1, false }, { CaptureFormat.Pcapng, 276, false },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_capture_is_read_in_every_format(uint magic, int link, bool isTagged)
    {
        var sample = CaptureSample.Write(new(magic, link, isTagged));
        var plain = CaptureSample.Write(CaptureFormat.Plain);
        Assert.Equal(await DecodeAsync(plain), await DecodeAsync(sample));
    }

    [Fact]
    public async Task A_capture_is_decoded_as_the_golden_files_have_it()
    {
        var capture = CaptureSample.Write(CaptureFormat.Plain);
        Golden.AssertEqual("decode/capture.text.out", await DecodeAsync(capture));
        Golden.AssertEqual("decode/capture.json.out", await DecodeAsync(capture, "-o", "json"));
    }

    [Fact]
    public async Task Reordered_repeated_and_split_segments_make_the_same_messages()
    {
        byte[] stream =
            [.. CaptureSample.Open(65002, fourOctet: true), .. CaptureSample.Keepalive, .. CaptureSample.Update];
        var chance = new Random(7);
        for (var run = 0; run < 200; run++)
        {
            var writer = new CaptureWriter(CaptureFormat.Plain);
            var start = (uint)chance.NextInt64(uint.MaxValue - 100L, uint.MaxValue);
            writer.AddTcp(Right, Left, start, 0x02, []);
            var segments = new List<(int At, int Length)>();
            for (var at = 0; at < stream.Length;)
            {
                var length = Math.Min(chance.Next(1, 60), stream.Length - at);
                segments.Add((at, length));
                if (chance.Next(3) == 0)
                    segments.Add((Math.Max(0, at - 5), Math.Min(length, stream.Length - Math.Max(0, at - 5))));
                at += length;
            }
            var order = segments.ToArray();
            chance.Shuffle(order);
            foreach (var (at, length) in order)
                writer.AddTcp(Right, Left, unchecked(start + 1 + (uint)at), 0x18, stream.AsSpan(at, length));
            Assert.Equal(["OPEN 0", "KEEPALIVE 51", "UPDATE 70"], await TypesAsync(writer.ToArray()));
        }
    }

    [Fact]
    public async Task A_gap_is_told_and_the_next_message_found()
    {
        var writer = new CaptureWriter(CaptureFormat.Plain);
        writer.AddTcp(Right, Left, 99, 0x02, []);
        writer.AddTcp(Right, Left, 100, 0x18, CaptureSample.Keepalive);
        writer.AddTcp(Right, Left, 119 + 30, 0x18, [1, 2, 3, .. CaptureSample.Keepalive]);
        Assert.Equal(
            ["KEEPALIVE 0", "missing 19", "unsynchronized 49", "KEEPALIVE 52"], await TypesAsync(writer.ToArray()));
    }

    [Fact]
    public async Task A_capture_that_begins_within_a_message_finds_the_next_one()
    {
        var writer = new CaptureWriter(CaptureFormat.Plain);
        writer.AddTcp(Right, Left, 5000, 0x18, [0xFF, 0xFF, 3, 4, .. CaptureSample.Keepalive]);
        Assert.Equal(["unsynchronized 0", "KEEPALIVE 4"], await TypesAsync(writer.ToArray()));
    }

    [Fact]
    public async Task The_captured_OPENs_say_how_AS_numbers_are_read()
    {
        foreach (var fourOctet in (bool[])[true, false])
        {
            var writer = new CaptureWriter(CaptureFormat.Plain);
            writer.AddTcp(Left, Right, 1, 0x18, CaptureSample.Open(65001, fourOctet: true));
            writer.AddTcp(Right, Left, 1, 0x18, [.. CaptureSample.Open(65002, fourOctet), .. CaptureSample.Update]);
            using var json = JsonDocument.Parse(await DecodeAsync(writer.ToArray(), "-o", "json"));
            var action = json.RootElement.GetProperty("messages")[2].GetProperty("action").GetString();
            Assert.Equal(fourOctet ? "none" : "treat-as-withdraw", action);
        }
    }

    [Theory]
    [InlineData(255, 3784, "none")]
    [InlineData(254, 3784, "discard")]
    [InlineData(254, 4784, "none")]
    public async Task A_BFD_packet_that_came_from_farther_away_is_discarded(byte ttl, int port, string action)
    {
        var writer = new CaptureWriter(CaptureFormat.Plain);
        writer.AddUdp(new(Left.Address, 49152), new(Right.Address, port), ttl, CaptureSample.Bfd);
        using var json = JsonDocument.Parse(await DecodeAsync(writer.ToArray(), "-o", "json"));
        Assert.Equal(action, json.RootElement.GetProperty("messages")[0].GetProperty("action").GetString());
    }

    [Fact]
    public async Task A_BFD_packet_is_read_from_octets_too()
    {
        var run = await Vipctl.RunAsync(Convert.ToHexString(CaptureSample.Bfd), "decode", "--bfd");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("octet 0: BFD Control, 24 octets\n  state                 Up\n", run.Output, Ordinal);
    }

    [Theory]
    [InlineData("", 2, "it is neither pcap nor pcapng")]
    [InlineData("00112233", 2, "it is neither pcap nor pcapng")]
    [InlineData("d4c3b2a1", 2, "it is cut off")]
    [InlineData("0a0d0d0a", 1, "it is cut off")]
    [InlineData("0a0d0d0a1c00000000000000", 1, "a section without octet order")]
    [InlineData("d4c3b2a1020004000000000000000000ffff000001000000000000000000000001", 1, "it is cut off")]
    [InlineData("d4c3b2a1020004000000000000000000ffff0000010000000000000000000000ffffffff00000000", 1, "4294967295")]
    public async Task Something_else_than_a_capture_is_refused(string hex, int exitCode, string message)
    {
        var run = await RunAsync(Convert.FromHexString(hex));
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(message, run.Error, Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_exits_2()
    {
        var run = await Vipctl.RunAsync("", "decode", "--read", "/nonexistent/capture");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("/nonexistent/capture: ", run.Error, Ordinal);
    }

    private static Task<Vipctl> RunAsync(byte[] capture, params string[] options) => Vipctl.RunAsync(
        ["decode", "--read", "-", .. options],
        new LiveText(),
        context => context with { OpenIn = () => new MemoryStream(capture) },
        TestContext.Current.CancellationToken);

    private static async Task<string> DecodeAsync(byte[] capture, params string[] options)
    {
        var run = await RunAsync(capture, options);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        return run.Output;
    }

    private static async Task<string[]> TypesAsync(byte[] capture)
    {
        using var json = JsonDocument.Parse(await DecodeAsync(capture, "-o", "json"));
        return
        [
            .. json.RootElement.GetProperty("messages").EnumerateArray()
                .Select(message => $"{message.GetProperty("type")} {message.GetProperty("offset")}"),
        ];
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;
}
