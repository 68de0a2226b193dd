using System.Globalization;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>VIP_SEEDS sets how many runs; VIP_SEED makes one again, with its whole trace.</summary>
public sealed class NodeSimulationTests
{
    private const int DefaultSeeds = 1000;
    private const int SabotagedSeeds = 100;
    private const int LastTraceLines = 60;
    private const int WholeTrace = 20_000;

    [Fact]
    public void A_simulated_node_keeps_its_laws()
    {
        if (Read("VIP_SEED") is { } single)
        {
            var found = FindFailure(single, WholeTrace);
            Assert.True(found is null, found);
            return;
        }
        var seeds = (long)(Read("VIP_SEEDS") ?? DefaultSeeds);
        string? failure = null;
        long last = 0;
        // Threads of their own: on the pool they would take every thread that the tests with sockets wait for.
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.True(failure is null, failure);

        void Work()
        {
            while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref last) is var seed && seed <= seeds)
            {
                if (FindFailure((ulong)seed, traceLines: 0) is not null)
                    Interlocked.CompareExchange(ref failure, FindFailure((ulong)seed, LastTraceLines), null);
            }
        }
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

    private static ulong? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
