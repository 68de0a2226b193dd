using System.Text.RegularExpressions;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>Deploys the topologies of these tests under names that no other test process uses.</summary>
internal static partial class TestTopology
{
    /// <summary>Why labs cannot be deployed here; null when they can.</summary>
    public static string? Obstacle { get; } =
        Environment.IsPrivilegedProcess ? null : "lab tests need root: they make network namespaces";

    /// <summary>Skips the running test, with the reason, where labs cannot be deployed.</summary>
    public static void RequireLab() => Assert.SkipWhen(Obstacle is not null, Obstacle ?? "");

    /// <summary>Reads <c>topologies/NAME.clab.yml</c>.</summary>
    public static Topology Load(string name) => Load(Path.Combine(AppContext.BaseDirectory, "topologies"), name);

    /// <summary>The clone's <c>lab</c> directory.</summary>
    public static string LabDirectory { get; } = FindLabDirectory();

    /// <summary>
    /// Reads <c>lab/NAME.clab.yml</c> where it stands, because it binds programs by paths relative to it.
    /// </summary>
    public static Topology LoadOfLab(string name) => Load(LabDirectory, name);

    private static string FindLabDirectory()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "lab", "run")))
            directory = Path.GetDirectoryName(directory) ?? throw new FileNotFoundException("lab/run");
        return Path.Combine(directory, "lab");
    }

    private static Topology Load(string directory, string name)
    {
        var file = Path.Combine(directory, $"{name}.clab.yml");
        var result = TopologyFile.Load(file);
        Assert.Empty(result.Diagnostics);
        return result.Topology! with { Name = UniqueName(name) };
    }

    /// <summary>A lab name of this process.</summary>
    public static string UniqueName(string name) => $"test-{name}-{Environment.ProcessId}";

    /// <summary>Deploys; each of the file's <c>exec</c> commands must succeed.</summary>
    public static async Task<DeployedLab> DeployAsync(Topology topology)
    {
        await DestroyLeftoversAsync();
        var lab = await DeployedLab.DeployAsync(topology);
        Assert.Empty(lab.FailedExecs);
        return lab;
    }

    // A test process that was killed leaves its labs; its pid in their names tells that nobody uses them.
    private static async Task DestroyLeftoversAsync()
    {
        foreach (var name in DeployedLab.DeployedNames())
        {
            if (TestLabName().Match(name) is { Success: true } match && !Directory.Exists($"/proc/{match.Groups[1]}"))
                await DeployedLab.DestroyAsync(name);
        }
    }

    [GeneratedRegex(@"^test-.*-([0-9]+)\z")]
    private static partial Regex TestLabName();
}
