using System.Globalization;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>VIP_SEEDS sets how many runs; VIP_SEED makes one again, with its whole trace.</summary>
public sealed class NodeSimulationTests
{
    private const int DefaultSeeds = 1000;
    private const int SabotagedSeeds = 100;

    [Fact]
    public void A_simulated_node_keeps_its_laws()
    {
        var failure = SeedSearch.FirstFailure(DefaultSeeds, FindFailure, searchLines: 0);
        Assert.True(failure is null, failure);
    }

    [Theory]
    [InlineData(nameof(Sabotage.IgnoreWithdraws), nameof(Law.NeverUnproven))]
    [InlineData(nameof(Sabotage.LieAboutListeners), nameof(Law.NeverUnproven))]
    [InlineData(nameof(Sabotage.LieAboutBackends), nameof(Law.NeverUnproven))]
    [InlineData(nameof(Sabotage.ForgetDrains), nameof(Law.NeverDrained))]
    [InlineData(nameof(Sabotage.LateAddresses), nameof(Law.PlannedOrder))]
    [InlineData(nameof(Sabotage.ShortDwell), nameof(Law.OneTransitionPerDwell))]
    [InlineData(nameof(Sabotage.SameEpoch), nameof(Law.GenerationsGrow))]
    [InlineData(nameof(Sabotage.IgnoreUnknown), nameof(Law.RestartsMoveNoRoute))]
    public void A_broken_node_breaks_its_law(string sabotage, string law)
    {
        var broken = new HashSet<Law>();
        for (ulong seed = 1; seed <= SabotagedSeeds && !broken.Contains(Enum.Parse<Law>(law)); seed++)
        {
            try
            {
                Run(new NodeWorld(seed, Enum.Parse<Sabotage>(sabotage)), seed);
            }
            catch (LawBroken found)
            {
                broken.Add(found.Law);
            }
        }
        Assert.Contains(Enum.Parse<Law>(law), broken);
    }

    // Each tenth run is one of restarts of the gate alone.
    private static void Run(NodeWorld world, ulong seed)
    {
        if (seed % 10 == 0)
            world.RunCalm();
        else
            world.Run();
    }

    private static string? FindFailure(ulong seed, int traceLines)
    {
        var world = new NodeWorld(seed, Sabotage.None, traceLines);
        try
        {
            Run(world, seed);
            return null;
        }
        catch (Exception failure)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"""
                seed {seed}: {failure.Message}
                again: VIP_SEED={seed} tests/run --filter HealthGate
                {world.Clock.TraceText}
                {failure.StackTrace}
                """);
        }
    }
}
