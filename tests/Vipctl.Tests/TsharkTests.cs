using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace AnycastVip.Vipctl.Tests;

/// <summary>The same captures read by Wireshark's dissectors and by ours.</summary>
public sealed class TsharkTests
{
    private const string Tshark = "/usr/bin/tshark";
    private const string AsPath = "bgp.update.path_attribute.as_path_segment.as4";
    private const string NextHop = "bgp.update.path_attribute.next_hop";
    private const string Med = "bgp.update.path_attribute.multi_exit_disc";

    private static readonly string[] Fields =
    [
        "bgp.type", "bgp.open.myas", "bgp.open.holdtime", "bgp.update.path_attribute.type_code",
        NextHop, Med, AsPath, "bgp.nlri_prefix", "bgp.withdrawn_prefix",
        "bgp.mp_reach_nlri_ipv6_prefix", "bgp.mp_unreach_nlri_ipv6_prefix", "bgp.prefix_length",
        "bgp.notify.major_error", "bgp.notify.minor_error_cease", "bfd.sta", "bfd.diag", "bfd.flags",
        "bfd.detect_time_multiplier", "bfd.my_discriminator", "bfd.your_discriminator", "bfd.desired_min_tx_interval",
        "bfd.required_min_rx_interval", "bfd.required_min_echo_interval",
    ];

    // From the bit of D up.
    private static readonly string[] FlagNames =
        ["demand", "authentication-present", "control-plane-independent", "final", "poll"];

    public static TheoryData<string> Formats => ["pcap", "pcapng"];

    [Theory]
    [MemberData(nameof(Formats))]
    public Task Every_kind_of_message_is_read_as_tshark_reads_it(string format) =>
        CompareAsync(CaptureSample.Write(format == "pcap" ? CaptureFormat.Plain : new(CaptureFormat.Pcapng, 1)));

    // Two FRR 8.4 with BFD: both families, communities, a withdrawn route, a refresh, a shutdown with a text.
    [Fact]
    public async Task A_session_of_FRR_is_read_as_tshark_reads_it() =>
        await CompareAsync(await File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "captures", "frr-8.4.pcap"),
            TestContext.Current.CancellationToken));

    [Fact]
    public async Task Routes_in_reordered_segments_are_read_as_tshark_reads_them()
    {
        for (var seed = 1; seed <= 5; seed++)
            await CompareAsync(RandomCapture(new Random(seed)));
    }

    private static byte[] RandomCapture(Random random)
    {
        var (left, right) = (CaptureSample.Left, CaptureSample.Right);
        var writer = new CaptureWriter(CaptureFormat.Plain);
        writer.AddTcp(right, left, 0, 0x02, []);
        writer.AddTcp(right, left, 1, 0x18, CaptureSample.Open(65002, fourOctet: true));
        var at = 1 + CaptureSample.Open(65002, fourOctet: true).Length;
        byte[] stream = [.. Enumerable.Range(0, 100).SelectMany(_ => CaptureSample.RandomUpdate(random))];
        var pieces = new List<(int Start, byte[] Octets)>();
        for (var start = 0; start < stream.Length; start += pieces[^1].Octets.Length)
            pieces.Add((start, stream[start..Math.Min(stream.Length, start + random.Next(200, 1400))]));
        // Neighbours change places: what the network does, and what tshark puts in order again.
        for (var i = 1; i + 1 < pieces.Count; i += 2)
        {
            if (random.Next(3) == 0)
                (pieces[i], pieces[i + 1]) = (pieces[i + 1], pieces[i]);
        }
        foreach (var (start, octets) in pieces)
            writer.AddTcp(right, left, (uint)(at + start), 0x18, octets);
        return writer.ToArray();
    }

    private static async Task CompareAsync(byte[] capture)
    {
        Assert.SkipUnless(File.Exists(Tshark), "needs tshark");
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, capture, TestContext.Current.CancellationToken);
            var theirs = await AskTsharkAsync(path);
            var ours = await AskOursAsync(path);
            Assert.NotEmpty(theirs["bgp.type"]);
            foreach (var field in Fields)
            {
                var first = theirs[field].Zip(ours[field]).TakeWhile(pair => pair.First == pair.Second).Count();
                var (their, our) = (theirs[field].Skip(first).Take(5), ours[field].Skip(first).Take(5));
                Assert.True(
                    !their.Any() && !our.Any(),
                    $"{field}, from value {first}: tshark {string.Join(' ', their)}, vipctl {string.Join(' ', our)}");
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<Dictionary<string, List<string>>> AskTsharkAsync(string path)
    {
        var start = new ProcessStartInfo(Tshark) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Left alone it guesses from the octets how long AS numbers are.
        string[] options =
        [
            "-n", "-r", path, "-o", "tcp.reassemble_out_of_order:TRUE", "-o", "bgp.asn_len:4 octet",
            "-T", "fields", "-E", "separator=;",
        ];
        foreach (var argument in options.Concat(Fields.SelectMany(field => (string[])["-e", field])))
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await errors);
        var values = Fields.ToDictionary(field => field, _ => new List<string>());
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (var (field, cell) in Fields.Zip(line.Split(';')))
                values[field].AddRange(cell.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(PlainNumber));
        }
        // tshark puts the state into the flags' octet.
        values["bfd.flags"] = [.. values["bfd.flags"].Select(flags => Text(int.Parse(flags, Invariant) & 0x3F))];
        return values;
    }

    private static string PlainNumber(string value) => value.StartsWith("0x", StringComparison.Ordinal)
        ? Text(long.Parse(value.AsSpan(2), NumberStyles.HexNumber, Invariant))
        : value;

    private static async Task<Dictionary<string, List<string>>> AskOursAsync(string path)
    {
        var run = await Vipctl.RunAsync("", "decode", "--read", path, "-o", "json");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        var values = Fields.ToDictionary(field => field, _ => new List<string>());
        foreach (var message in json.RootElement.GetProperty("messages").EnumerateArray())
        {
            Assert.Equal("", message.GetProperty("error").GetString());
            if (message.GetProperty("type").GetString() == "BFD Control")
                AddBfd(message, values);
            else
                AddBgp(message, values);
        }
        return values;
    }

    private static void AddBgp(JsonElement message, Dictionary<string, List<string>> values)
    {
        string[] types = ["", "OPEN", "UPDATE", "NOTIFICATION", "KEEPALIVE", "ROUTE-REFRESH"];
        values["bgp.type"].Add(Text(Array.IndexOf(types, message.GetProperty("type").GetString())));
        AddField(message, "my autonomous system", values["bgp.open.myas"]);
        AddField(message, "hold time", values["bgp.open.holdtime"]);
        AddField(message, "code", values["bgp.notify.major_error"]);
        AddField(message, "subcode", values["bgp.notify.minor_error_cease"]);
        foreach (var attribute in message.GetProperty("attributes").EnumerateArray())
        {
            var code = attribute.GetProperty("code").GetInt32();
            values["bgp.update.path_attribute.type_code"].Add(Text(code));
            var value = attribute.GetProperty("value").GetString()!;
            var field = code switch { 2 => AsPath, 3 => NextHop, 4 => Med, _ => null };
            if (field is not null)
                values[field].AddRange(value.Split(' '));
        }
        var withdrawn = Prefixes(message, "withdrawn");
        var announced = Prefixes(message, "announced");
        values["bgp.withdrawn_prefix"].AddRange(withdrawn.Where(IsIPv4).Select(Address));
        values["bgp.mp_unreach_nlri_ipv6_prefix"].AddRange(withdrawn.Where(prefix => !IsIPv4(prefix)).Select(Address));
        values["bgp.mp_reach_nlri_ipv6_prefix"].AddRange(announced.Where(prefix => !IsIPv4(prefix)).Select(Address));
        values["bgp.nlri_prefix"].AddRange(announced.Where(IsIPv4).Select(Address));
        // In the order of the octets: NLRI comes last.
        values["bgp.prefix_length"].AddRange(
            withdrawn.Concat(announced.OrderBy(IsIPv4)).Select(prefix => prefix.Split('/')[1]));
    }

    private static void AddBfd(JsonElement message, Dictionary<string, List<string>> values)
    {
        string[] states = ["AdminDown", "Down", "Init", "Up"];
        string[] diagnostics =
        [
            "No Diagnostic", "Control Detection Time Expired", "Echo Function Failed", "Neighbor Signaled Session Down",
            "Forwarding Plane Reset", "Path Down", "Concatenated Path Down", "Administratively Down",
        ];
        values["bfd.sta"].Add(Text(Array.IndexOf(states, Field(message, "state"))));
        values["bfd.diag"].Add(Text(Array.IndexOf(diagnostics, Field(message, "diagnostic"))));
        var flags = Field(message, "flags")!.Split(' ');
        values["bfd.flags"].Add(Text(FlagNames.Index().Sum(flag => flags.Contains(flag.Item) ? 2 << flag.Index : 0)));
        AddField(message, "detect mult", values["bfd.detect_time_multiplier"]);
        AddField(message, "my discriminator", values["bfd.my_discriminator"]);
        AddField(message, "your discriminator", values["bfd.your_discriminator"]);
        AddMicroseconds(message, "desired min TX", values["bfd.desired_min_tx_interval"]);
        AddMicroseconds(message, "required min RX", values["bfd.required_min_rx_interval"]);
        AddMicroseconds(message, "required min echo RX", values["bfd.required_min_echo_interval"]);
    }

    private static void AddField(JsonElement message, string name, List<string> values)
    {
        if (Field(message, name) is { } value)
            values.Add(value.Split(' ')[0]);
    }

    private static void AddMicroseconds(JsonElement message, string name, List<string> values) =>
        values.Add(Text((long)(decimal.Parse(Field(message, name)!.Split(' ')[0], Invariant) * 1000)));

    private static string? Field(JsonElement message, string name) => message.GetProperty("fields").EnumerateArray()
        .Where(field => field.GetProperty("name").GetString() == name)
        .Select(field => field.GetProperty("value").GetString())
        .SingleOrDefault();

    private static string[] Prefixes(JsonElement message, string name) =>
        [.. message.GetProperty(name).EnumerateArray().Select(prefix => prefix.GetString()!)];

    private static bool IsIPv4(string prefix) => !prefix.Contains(':', StringComparison.Ordinal);

    private static string Address(string prefix) => prefix.Split('/')[0];

    private static string Text(long number) => number.ToString(Invariant);

    private static CultureInfo Invariant => CultureInfo.InvariantCulture;
}
