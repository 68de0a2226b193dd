using System.CommandLine;
using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Commands;

/// <summary>Runs a process of the node until it is told to stop.</summary>
/// <param name="configuration">The checked configuration.</param>
/// <param name="host">What it is told while it runs.</param>
/// <returns>The exit code.</returns>
internal delegate Task<int> ProcessRunner(NodeConfiguration configuration, ProcessHost host);

/// <summary>A command of <c>vipd</c> which runs a process.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Description">For the help.</param>
/// <param name="Run">What it runs.</param>
internal sealed record ProcessCommand(string Name, string Description, ProcessRunner Run)
{
    /// <summary>Whether it can take over from a process that runs already.</summary>
    public bool CanReplace { get; init; }
}

/// <summary>The command line of <c>vipd</c>.</summary>
/// <param name="commands">What it can run.</param>
internal sealed class CommandLine(IReadOnlyList<ProcessCommand> commands)
{
    private static readonly Option<string> Config = new("--config", "-c")
    {
        Description = "The node's configuration file.",
        HelpName = "FILE",
        Required = true,
        Recursive = true,
    };

    private static readonly Option<bool> Check = new("--check")
    {
        Description = "Read the configuration, report all that is wrong with it, and run nothing.",
        Recursive = true,
    };

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Take over from the process that runs, if there is one; it ends with its last connection.",
    };

    /// <summary>Parses, and runs what was asked for.</summary>
    /// <param name="arguments">Without the program's name.</param>
    /// <param name="output">Takes what was asked for.</param>
    /// <param name="error">Takes what is wrong.</param>
    /// <param name="hostFor">Makes what a process is told of, from the configuration's path.</param>
    /// <returns>The exit code, see <see cref="ExitCode"/>.</returns>
    public async Task<int> RunAsync(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, Func<string, ProcessHost> hostFor)
    {
        var result = Build(hostFor).Parse(arguments);
        // The library answers a usage error with the whole help on standard output and exit code 1.
        if (result.Errors.Count > 0)
            return await RefuseUsageAsync(result, error);
        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            // Signals are the caller's: the library would end the process two seconds after the first one.
            ProcessTerminationTimeout = null,
        };
        return await result.InvokeAsync(invocation);
    }

    private RootCommand Build(Func<string, ProcessHost> hostFor)
    {
        var root = new RootCommand("The processes of an AnycastVip node.") { Config, Check };
        root.SetAction((result, _) => RunAsync(result, null, hostFor));
        foreach (var each in commands)
        {
            var command = new Command(each.Name, each.Description);
            if (each.CanReplace)
                command.Add(Replace);
            command.SetAction((result, _) => RunAsync(
                result, each.Run, path => hostFor(path) with { Replaces = result.GetValue(Replace) }));
            root.Add(command);
        }
        return root;
    }

    private static async Task<int> RunAsync(
        ParseResult result, ProcessRunner? run, Func<string, ProcessHost> hostFor)
    {
        var (output, error) = (result.InvocationConfiguration.Output, result.InvocationConfiguration.Error);
        var isCheck = result.GetValue(Check);
        if (run is null && !isCheck)
        {
            await error.WriteLineAsync("vipd: say what to run, such as 'vipd speaker', or '--check'");
            await error.WriteLineAsync("Run 'vipd --help' for usage.");
            return ExitCode.Usage;
        }
        var path = result.GetRequiredValue(Config);
        var (configuration, diagnostics) = ConfigurationFile.Load(path);
        foreach (var diagnostic in diagnostics)
            await error.WriteLineAsync(diagnostic.ToString());
        if (configuration is null)
            return ExitCode.Usage;
        if (run is not null && !isCheck)
            return await run(configuration, hostFor(path));
        await output.WriteLineAsync(ConfigurationSummary.Of(path, configuration));
        return ExitCode.Ok;
    }

    private static async Task<int> RefuseUsageAsync(ParseResult result, TextWriter error)
    {
        var command = result.CommandResult.Command;
        var known = command.Subcommands.Select(subcommand => subcommand.Name)
            .Concat([Config.Name, Check.Name, "--help", "--version"]);
        foreach (var message in result.Errors.Select(fault => fault.Message.TrimEnd('.')).Distinct())
        {
            var unmatched = result.UnmatchedTokens.FirstOrDefault(
                token => message.Contains($"'{token}'", StringComparison.Ordinal));
            var suggestion = unmatched is null ? "" : Suggestion.For(unmatched, known);
            await error.WriteLineAsync($"vipd: {char.ToLowerInvariant(message[0])}{message[1..]}{suggestion}");
        }
        var name = command is RootCommand ? "vipd" : $"vipd {command.Name}";
        await error.WriteLineAsync($"Run '{name} --help' for usage.");
        return ExitCode.Usage;
    }
}
