using System.CommandLine;
using AnycastVip.Vipctl.Commands;
using AnycastVip.Vipctl.Decode;

namespace AnycastVip.Vipctl;

/// <summary>The whole of vipctl's command line.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs; returns an <see cref="ExitCode"/>.</summary>
    public static async Task<int> RunAsync(
        string[] args, CommandContext context, CancellationToken cancellation = default)
    {
        var result = Build(context).Parse(args);
        if (result.Errors.Count > 0)
        {
            // The library would exit with 1 and print its help on standard output.
            foreach (var error in result.Errors)
                context.Complain(error.Message);
            context.Error.WriteLine($"Try '{PathOf(result.CommandResult.Command)} --help'.");
            return ExitCode.Usage;
        }
        var configuration = new InvocationConfiguration
        {
            Output = context.Out,
            Error = context.Error,
            EnableDefaultExceptionHandler = false,
        };
        try
        {
            return await result.InvokeAsync(configuration, cancellation);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    private static RootCommand Build(CommandContext context)
    {
        var settings = new CallSettings(context);
        var (gate, speaker, proxy) = (new GateCall(settings), new SpeakerCall(settings), new ProxyCall(settings));
        var drain = DrainCommand.Drain(gate, speaker);
        Command[] calls =
        [
            new StatusCommand(gate, speaker, proxy).Create(),
            VipsCommand.Create(gate),
            BackendsCommand.Create(gate),
            ChecksCommand.Create(gate),
            PeersCommand.Create(speaker),
            BfdCommand.Create(speaker),
            RoutesCommand.Create(speaker),
            LeasesCommand.Create(speaker),
            EventsCommand.Create(gate),
            ExplainCommand.Create(gate),
            drain,
            DrainCommand.Undrain(gate, speaker),
            DrainCommand.List(gate),
            EmergencyCommand.Create(speaker),
            ProxyCommand.Create(proxy),
        ];
        var root = new RootCommand("Shows and steers the AnycastVip daemons of this node.");
        foreach (var call in calls)
        {
            call.Add(settings.Format);
            // Of a drain --timeout is that of the connections.
            if (call != drain)
                call.Add(settings.Timeout);
            root.Add(call);
        }
        root.Add(ConfigCommand.Create(gate));
        root.Add(DecodeCommand.Create(context));
        root.Add(settings.ApiDirectory);
        return root;
    }

    private static string PathOf(Command command)
    {
        var names = new List<string>();
        for (Symbol? symbol = command; symbol is not null and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
            names.Insert(0, symbol.Name);
        return string.Join(' ', names.Prepend("vipctl"));
    }
}
