using System.Globalization;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

public sealed class SimulationTests
{
#if DEBUG
    private const int DefaultSeeds = 1000;
#else
    private const int DefaultSeeds = 10_000;
#endif
    // The broken shells must show within so many runs; most do in the first few.
    private const int SabotagedSeeds = 300;

    [Fact]
    public void Simulation_holds_its_invariants()
    {
        var failure = SeedSearch.FirstFailure(DefaultSeeds, FindFailure);
        Assert.True(failure is null, failure);
    }

    [Fact]
    public void A_seed_makes_the_same_run_again()
    {
        for (ulong seed = 1; seed <= 20; seed++)
            Assert.Equal(HashOf(seed), HashOf(seed));
        Assert.NotEqual(HashOf(1), HashOf(2));
    }

    [Theory]
    [InlineData(nameof(Sabotage.RepeatAfterNotification), nameof(Invariant.SilentAfterNotification))]
    [InlineData(nameof(Sabotage.AnnounceUnleased), nameof(Invariant.OnlyLeased))]
    [InlineData(nameof(Sabotage.WithholdWithdraw), nameof(Invariant.WrittenInTime))]
    [InlineData(nameof(Sabotage.LateLeaseTimer), nameof(Invariant.LeaseInTime))]
    [InlineData(nameof(Sabotage.TimersBeforeReads), nameof(Invariant.ReadsBeforeTimers))]
    [InlineData(nameof(Sabotage.DropDeclaration), nameof(Invariant.LeasesExact))]
    [InlineData(nameof(Sabotage.AcknowledgeWritten), nameof(Invariant.AcknowledgedArrived))]
    [InlineData(nameof(Sabotage.IgnoreTimers), nameof(Invariant.NoSpin))]
    [InlineData(nameof(Sabotage.DropKeepalives), nameof(Invariant.NoNeedlessReset))]
    [InlineData(nameof(Sabotage.RefuseDials), nameof(Invariant.Converges))]
    [InlineData(nameof(Sabotage.CorruptUpdates), nameof(Invariant.BeyondReproach))]
    [InlineData(nameof(Sabotage.ForgetSessionDown), nameof(Invariant.OneEstablished))]
    [InlineData(nameof(Sabotage.LeakConnections), nameof(Invariant.Bounded))]
    [InlineData(nameof(Sabotage.PretendComplete), nameof(Invariant.GracefulRestart))]
    [InlineData(nameof(Sabotage.WrongHoldTime), nameof(Invariant.Negotiated))]
    [InlineData(nameof(Sabotage.IgnoreBfdDown), nameof(Invariant.BfdEndsSession))]
    [InlineData(nameof(Sabotage.LaxBfd), nameof(Invariant.StrictBfdFirst))]
    public void A_broken_shell_breaks_its_invariant(string sabotage, string invariant)
    {
        var broken = new Dictionary<Invariant, int>();
        for (ulong seed = 1; seed <= SabotagedSeeds && !broken.ContainsKey(Enum.Parse<Invariant>(invariant)); seed++)
        {
            try
            {
                new Simulator(seed, Enum.Parse<Sabotage>(sabotage)).Run();
            }
            catch (InvariantBroken found)
            {
                broken[found.Invariant] = broken.GetValueOrDefault(found.Invariant) + 1;
            }
        }
        Assert.Contains(Enum.Parse<Invariant>(invariant), broken.Keys);
    }

    private static ulong HashOf(ulong seed)
    {
        var simulator = new Simulator(seed);
        simulator.Run();
        return simulator.Trace.Hash;
    }

    private static string? FindFailure(ulong seed, int traceLines)
    {
        var simulator = new Simulator(seed, Sabotage.None, traceLines);
        try
        {
            simulator.Run();
            return null;
        }
        catch (Exception failure)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"""
                seed {seed}: {failure.Message}
                again: VIP_SEED={seed} tests/run --filter BgpSpeaker
                {simulator.Trace}{failure.StackTrace}
                """);
        }
    }
}
