using System.Globalization;

namespace AnycastVip.Fuzz.Tests;

/// <summary>
/// A short run of each target; tests/fuzz makes the long ones. VIP_FUZZ_INPUTS sets how many inputs each 100 of share
/// get, VIP_SEED repeats a run.
/// </summary>
public sealed class FuzzTests
{
    private const int Inputs = 200_000;

    public static TheoryData<string> Targets => [.. FuzzTargets.All().Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_breaks_a_promise(string name)
    {
        var seed = Setting("VIP_SEED", (ulong)Environment.TickCount64);
        var target = Target(name);
        var run = new FuzzRun(seed, [target]);
        for (var left = (long)Setting("VIP_FUZZ_INPUTS", Inputs) * target.Share / 100; left > 0; left--)
        {
            if (run.Step() is not { } finding)
                continue;
            var hex = Convert.ToHexStringLower(finding.Input);
            Assert.Fail(
                $"VIP_SEED={seed}, {finding.Run}: tests/fuzz --target {name} --again {hex}\n{finding.What}");
        }
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_input_of_the_corpus_keeps_the_promises(string name)
    {
        foreach (var (entry, input) in Corpus.Saved(name))
        {
            var broken = FuzzRun.Try(Target(name), input, out _);
            Assert.True(broken is null, $"{entry}: {broken}");
        }
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        Assert.Equal(Inputs(1), Inputs(1));
        Assert.NotEqual(Inputs(1), Inputs(2));

        static string Inputs(ulong seed)
        {
            var run = new FuzzRun(seed, FuzzTargets.All().Where(target => target.Name != "configuration"));
            for (var left = 500; left > 0; left--)
                Assert.Null(run.Step());
            return string.Join(' ', run.Corpora.Select(corpus => corpus.Inputs.Sum(input => (long)input.Length)));
        }
    }

    [Fact]
    public void A_decoder_that_trusts_a_length_is_found()
    {
        var run = new FuzzRun(1, [new TrustingTarget()]);
        Finding? finding = null;
        for (var left = 10_000; left > 0 && finding is null; left--)
            finding = run.Step();
        Assert.NotNull(finding);
        Assert.Contains(nameof(ArgumentOutOfRangeException), finding.What, StringComparison.Ordinal);
        Assert.NotNull(FuzzRun.Try(new TrustingTarget(), finding.Input, out _));
    }

    [Fact]
    public void A_decoder_that_allocates_what_a_length_says_is_found()
    {
        var broken = FuzzRun.Try(new TrustingTarget(), [0, 255, 255], out _);
        Assert.Contains("allocate", broken, StringComparison.Ordinal);
    }

    private static FuzzTarget Target(string name) => FuzzTargets.All().Single(target => target.Name == name);

    private static ulong Setting(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;

    // | 0, length 2 | allocates so many octets;  | n | n octets | reads them without looking how many there are.
    private sealed class TrustingTarget : FuzzTarget
    {
        public override string Name => "trusting";

        public override int Share => 1;

        public override long AllocationBound(int inputLength) => 4096;

        public override IEnumerable<byte[]> Seeds() => [[1, 7], [2, 7, 7]];

        public override ulong Run(ReadOnlySpan<byte> input) =>
            input switch
            {
                [0, var high, var low, ..] => (ulong)new byte[(high << 8) | low].Length,
                [var length, ..] => (ulong)input.Slice(1, length).Length,
                _ => 0,
            };
    }
}
