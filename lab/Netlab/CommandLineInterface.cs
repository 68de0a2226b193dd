using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AnycastVip.Netlab.Deployment;
using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab;

/// <summary>The program <c>netlab</c>. Exit codes: 0 done, 1 failed, 2 wrong usage or a file with errors.</summary>
internal static class CommandLineInterface
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    private static readonly Option<string> TopologyOption =
        new("--topo", "-t") { Description = "the containerlab file", HelpName = "FILE", Required = true };

    private static readonly Option<string?> NameOption = NewNameOption();

    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Runs containerlab topologies on Linux network namespaces with the host's FRR.")
        {
            Deploy(), Inspect(), Exec(), Destroy(),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"netlab: {error.Message}");
            return WrongUsage;
        }
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception) when (
            exception is NetlabException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"netlab: {exception.Message}");
            return Failed;
        }
    }

    private static Option<string?> NewNameOption()
    {
        var option = new Option<string?>("--name", "-n")
        {
            Description = "a lab name to use in place of the file's",
            HelpName = "NAME",
        };
        option.Validators.Add(result =>
        {
            if (TopologyTypes.NameFault(result.GetValueOrDefault<string?>() ?? "") is { } fault)
                result.AddError(fault);
        });
        return option;
    }

    private static Command Deploy()
    {
        var reconfigure = new Option<bool>("--reconfigure", "-c")
        {
            Description = "destroy the lab first if it is deployed",
        };
        var command = new Command("deploy", "Make the lab.") { TopologyOption, NameOption, reconfigure };
        command.SetAction((parsed, cancellation) => WithTopologyAsync(parsed, async topology =>
        {
            if (parsed.GetValue(reconfigure))
                await Lab.DestroyAsync(topology.Name, cancellation);
            var lab = await Lab.DeployAsync(topology, cancellation);
            foreach (var failure in lab.FailedExecs)
                await Console.Error.WriteLineAsync($"netlab: warning: exec: {failure}");
            await PrintTableAsync(lab, cancellation);
        }));
        return command;
    }

    private static Command Inspect()
    {
        var format = new Option<string>("--format", "-f")
        {
            Description = "table or json",
            DefaultValueFactory = _ => "table",
        };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("inspect", "Show the nodes of a deployed lab.")
        {
            TopologyOption, NameOption, format,
        };
        command.SetAction((parsed, cancellation) => WithTopologyAsync(parsed, async topology =>
        {
            var lab = Lab.Open(topology);
            if (parsed.GetValue(format) == "table")
                await PrintTableAsync(lab, cancellation);
            else
                Console.WriteLine(JsonSerializer.Serialize(
                    await lab.InspectAsync(cancellation), NodeStatusJson.Default.IReadOnlyListNodeStatus));
        }));
        return command;
    }

    private static Command Exec()
    {
        var node = new Argument<string>("NODE") { Description = "the node's name" };
        var arguments = new Argument<string[]>("COMMAND")
        {
            Description = "the program and its arguments, after '--'",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("exec", "Run a command in a node; exits as the command does.")
        {
            TopologyOption, NameOption, node, arguments,
        };
        command.SetAction((parsed, _) => WithTopologyAsync(parsed, async topology =>
        {
            // Ctrl-C reaches the command itself: it decides whether to end.
            using var process = Lab.Open(topology).StartHere(
                parsed.GetRequiredValue(node), parsed.GetRequiredValue(arguments));
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }));
        return command;
    }

    private static Command Destroy()
    {
        // A file that was broken after the deployment must not keep the lab alive.
        var topologyOption = new Option<string?>("--topo", "-t")
        {
            Description = "the containerlab file",
            HelpName = "FILE",
        };
        var command = new Command("destroy", "Remove the lab and all its processes; no fault if it is not deployed.")
        {
            topologyOption, NameOption,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(topologyOption) is null && result.GetResult(NameOption) is null)
                result.AddError("destroy needs --topo FILE or --name NAME.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetValue(NameOption) ?? Load(parsed.GetValue(topologyOption)!)?.Name;
            if (name is null)
                return WrongUsage;
            var removed = await Lab.DestroyAsync(name, cancellation);
            Console.WriteLine($"lab '{name}' {(removed ? "is destroyed" : "was not deployed")}");
            return 0;
        });
        return command;
    }

    private static Task<int> WithTopologyAsync(ParseResult parsed, Func<Topology, Task> action) =>
        WithTopologyAsync(parsed, async topology =>
        {
            await action(topology);
            return 0;
        });

    private static async Task<int> WithTopologyAsync(ParseResult parsed, Func<Topology, Task<int>> action)
    {
        if (Load(parsed.GetRequiredValue(TopologyOption)) is not { } topology)
            return WrongUsage;
        return await action(topology with { Name = parsed.GetValue(NameOption) ?? topology.Name });
    }

    private static Topology? Load(string file)
    {
        var loaded = TopologyFile.Load(file);
        foreach (var diagnostic in loaded.Diagnostics)
            Console.Error.WriteLine(diagnostic);
        return loaded.Topology;
    }

    private static async Task PrintTableAsync(Lab lab, CancellationToken cancellation)
    {
        const string Row = "{0,-16} {1,-32} {2,-5} {3,-8} {4,8}  {5}";
        Console.WriteLine(string.Format(
            CultureInfo.InvariantCulture, Row, "NODE", "NAMESPACE", "IMAGE", "STATE", "PID", "INTERFACES"));
        foreach (var node in await lab.InspectAsync(cancellation))
        {
            var interfaces = node.Interfaces.Select(item => $"{item.Name} {string.Join(' ', item.Addresses)}");
            Console.WriteLine(string.Format(
                CultureInfo.InvariantCulture, Row, node.Name, node.Namespace, node.Image,
                node.IsRunning ? "running" : "gone", node.Pid, string.Join(", ", interfaces)));
        }
    }
}

/// <summary>How <c>inspect --format json</c> is serialized.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<NodeStatus>))]
internal sealed partial class NodeStatusJson : JsonSerializerContext;
