using System.Text.Json.Nodes;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A node of a deployed lab.</summary>
/// <param name="lab">The lab.</param>
/// <param name="name">The node's name.</param>
internal class LabNode(DeployedLab lab, string name)
{
    /// <summary>The lab.</summary>
    protected DeployedLab Lab => lab;

    /// <summary>The node's name.</summary>
    public string Name => name;

    /// <summary>Runs a command in the node to its end, however it ends.</summary>
    public Task<CommandResult> TryRun(params string[] arguments) =>
        lab.ExecAsync(name, arguments, TestContext.Current.CancellationToken);

    /// <summary>Runs a command in the node, which must succeed, and returns its standard output.</summary>
    public async Task<string> Run(params string[] arguments)
    {
        var result = await TryRun(arguments);
        Assert.True(result.ExitCode == 0, $"{name}: {result}");
        return result.Output;
    }

    /// <summary>Starts a command in the node that runs until it is disposed of.</summary>
    public Task<NodeProcess> StartProcess(params string[] arguments) =>
        lab.StartAsync(name, arguments, TestContext.Current.CancellationToken);

    /// <summary>
    /// The kernel's routes to a prefix, as <c>ip -json route</c> shows them; empty when there is none.
    /// </summary>
    /// <param name="prefix">IPv4 or IPv6.</param>
    public async Task<JsonArray> KernelRoutes(string prefix)
    {
        var family = prefix.Contains(':', StringComparison.Ordinal) ? "-6" : "-4";
        return JsonNode.Parse(await Run("ip", family, "-json", "route", "show", prefix))!.AsArray();
    }
}
