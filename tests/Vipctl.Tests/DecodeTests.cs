namespace AnycastVip.Vipctl.Tests;

public sealed class DecodeTests
{
    // How many inputs are tried; raised by tests/run --seeds.
    private static readonly int Seeds =
        int.TryParse(Environment.GetEnvironmentVariable("VIP_SEEDS"), out var seeds) ? seeds : 300;

    public static TheoryData<string> Samples() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "golden", "decode"), "*.hex")
            .Select(path => Path.GetFileNameWithoutExtension(path))
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task Octets_are_decoded_as_the_golden_files_have_it(string sample)
    {
        var hex = Golden.Read($"decode/{sample}.hex");
        foreach (var format in new[] { "text", "json" })
        {
            var run = await Vipctl.RunAsync(hex, "decode", "-o", format);
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            Golden.AssertEqual($"decode/{sample}.{format}.out", run.Output);
        }
    }

    [Fact]
    public void There_are_samples() => Assert.NotEmpty(Samples());

    [Fact]
    public async Task Octets_on_the_command_line_may_be_in_one_or_several_arguments()
    {
        const string marker = "ffffffffffffffffffffffffffffffff";
        var one = await Vipctl.RunAsync("", "decode", marker + "001304");
        var several = await Vipctl.RunAsync("", "decode", marker, "00:13", "0x04");
        Assert.StartsWith("octet 0: KEEPALIVE, 19 octets\n", one.Output, StringComparison.Ordinal);
        Assert.Equal(one, several);
    }

    [Theory]
    [InlineData("update", "--local-as 4200000001", "holds our own AS: treat-as-withdraw")]
    [InlineData("treat-as-withdraw", "--ibgp", "LOCAL_PREF (5), well-known transitive: 200\n")]
    [InlineData("update", "--two-octet-as", "malformed segment: treat-as-withdraw")]
    public async Task What_the_session_negotiated_changes_the_reading(string sample, string options, string expected)
    {
        var hex = Golden.Read($"decode/{sample}.hex");
        var assumed = await Vipctl.RunAsync(hex, "decode");
        var told = await Vipctl.RunAsync(hex, ["decode", .. options.Split(' ')]);
        Assert.NotEqual(assumed.Output, told.Output);
        Assert.Contains(expected, told.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no octets")]
    [InlineData("ffff zz", "line 1, column 6: 'z' is no hexadecimal digit")]
    public async Task Input_that_is_no_octets_exits_2(string input, string message)
    {
        var run = await Vipctl.RunAsync(input, "decode");
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_octets_are_decoded_and_every_octet_is_accounted_for()
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new Random(seed);
            var octets = RandomMessages(random);
            var run = await Vipctl.RunAsync(Convert.ToHexString(octets), "decode", "-o", "json");
            Assert.True(run.ExitCode == 0, $"seed {seed}: exit {run.ExitCode}: {run.Error}");
            using var json = System.Text.Json.JsonDocument.Parse(run.Output);
            var total = json.RootElement.GetProperty("messages").EnumerateArray()
                .Sum(message => message.GetProperty("length").GetInt32());
            Assert.True(total == octets.Length, $"seed {seed}: {total} of {octets.Length} octets decoded");
        }
    }

    [Fact]
    public async Task Any_text_is_decoded_or_refused_with_its_place()
    {
        const string characters = "0123456789abcdefABCDEFxX:,-.|\\ \t\r\n\0\u001bgé";
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var random = new Random(seed);
            var text = string.Concat(random.GetItems(characters.AsSpan(), random.Next(200)));
            var run = await Vipctl.RunAsync(text, "decode");
            Assert.True(run.ExitCode is 0 or 2, $"seed {seed}: exit {run.ExitCode}");
            Assert.True(
                run.ExitCode == 0 || run.Error.Contains("column", StringComparison.Ordinal)
                    || run.Error.Contains("no octets", StringComparison.Ordinal),
                $"seed {seed}: {run.Error}");
        }
    }

    // Samples with octets changed, cut or inserted: nearly right is what finds faults.
    private static byte[] RandomMessages(Random random)
    {
        var samples = Samples().Select(row => row.Data).ToArray();
        var sample = samples[random.Next(samples.Length)];
        Assert.True(Decode.HexReader.TryRead(Golden.Read($"decode/{sample}.hex"), out var read, out _));
        var octets = read.ToList();
        for (var changes = random.Next(8); changes > 0; changes--)
        {
            var at = random.Next(octets.Count);
            switch (random.Next(3))
            {
                case 0:
                    octets[at] = (byte)random.Next(256);
                    break;
                case 1:
                    octets.Insert(at, (byte)random.Next(256));
                    break;
                case 2 when octets.Count > 1:
                    octets.RemoveAt(at);
                    break;
            }
        }
        return [.. octets];
    }
}
