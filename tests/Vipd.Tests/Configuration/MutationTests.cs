using System.Globalization;
using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Configuration;

public sealed class MutationTests
{
    private static readonly byte[] Structure = "{}[]:,-#&*!|>'\"%@`?\n\r\t \\~<0123456789yn\0\x7f"u8.ToArray();

    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("VIP_SEEDS"), CultureInfo.InvariantCulture, out var seeds)
            ? seeds
            : 100;

    public static TheoryData<string> Files => new(TestFiles.Names("good"));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_mutated_file_is_read_or_refused_inside_the_file_and_never_throws(string name)
    {
        var original = File.ReadAllBytes(TestFiles.PathOf($"good/{name}"));
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var octets = Mutate(original, new Random(seed));
            var diagnostics = new DiagnosticList(name);
            var configuration = YamlDocument.Parse(octets, new YamlOptions(), diagnostics) is { } root
                ? new NodeConfigurationReader(diagnostics, new PasswordFileReader("/nonexistent")).Read(root)
                : null;

            Assert.True(configuration is not null || diagnostics.HasErrors, $"seed {seed}: neither read nor refused");
            if (configuration is not null && !diagnostics.HasErrors)
                AssertSound(configuration, seed);
            var lines = Lines(octets);
            foreach (var finding in diagnostics.ToSortedList())
            {
                var isInside = finding.Line >= 1 && finding.Line <= lines.Length
                    && finding.Column >= 1 && finding.Column <= lines[finding.Line - 1] + 1;
                Assert.True(isInside, $"seed {seed}: outside of the file: {finding}");
                Assert.True(!finding.Message.Any(char.IsControl), $"seed {seed}: control character: {finding}");
            }
        }
    }

    // What the gate and the speaker take for granted.
    private static void AssertSound(NodeConfiguration configuration, int seed)
    {
        foreach (var check in configuration.Gate.Checks)
            Assert.True(check.Settings.Validate() is null, $"seed {seed}: check {check.Name}");
        foreach (var pool in configuration.Gate.Pools)
            Assert.True(pool.Backends.Count > 0, $"seed {seed}: pool {pool.Name}");
        foreach (var vip in configuration.Gate.Vips)
        {
            var isWhole = vip.Addresses.Count > 0 && vip.Prefixes.Count > 0
                && vip.Settings.HasListeners == vip.Listeners.Count > 0
                && vip.Listeners.All(listener => configuration.Gate.Pools.Any(pool => pool.Name == listener.Pool));
            Assert.True(isWhole, $"seed {seed}: VIP {vip.Settings.Name}");
        }
    }

    // The length of each line; octets that are not UTF-8 become one character each, which is at least as long.
    private static int[] Lines(byte[] octets) =>
        [.. System.Text.Encoding.UTF8.GetString(octets).Split('\n').Select(line => line.Length)];

    private static byte[] Mutate(byte[] original, Random random)
    {
        var octets = original.ToList();
        for (var edits = random.Next(1, 5); edits > 0 && octets.Count > 0; edits--)
        {
            var at = random.Next(octets.Count);
            var length = Math.Min(random.Next(1, 20), octets.Count - at);
            switch (random.Next(6))
            {
                case 0:
                    octets[at] = (byte)random.Next(256);
                    break;
                case 1:
                    octets[at] = Structure[random.Next(Structure.Length)];
                    break;
                case 2:
                    octets.Insert(at, Structure[random.Next(Structure.Length)]);
                    break;
                case 3:
                    octets.RemoveRange(at, length);
                    break;
                case 4:
                    octets.InsertRange(random.Next(octets.Count), octets.GetRange(at, length));
                    break;
                default:
                    octets.RemoveRange(at, octets.Count - at);
                    break;
            }
        }
        return [.. octets];
    }
}
