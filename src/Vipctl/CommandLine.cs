using System.CommandLine;
using AnycastVip.Vipctl.Commands;
using AnycastVip.Vipctl.Decode;

namespace AnycastVip.Vipctl;

/// <summary>The whole of vipctl's command line.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs; returns an <see cref="ExitCode"/>.</summary>
    public static async Task<int> RunAsync(string[] args, CommandContext context)
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
            return await result.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    private static RootCommand Build(CommandContext context)
    {
        var speaker = new SpeakerCall(context);
        var root = new RootCommand("Shows and steers the AnycastVip daemons of this node.");
        Command[] calls =
        [
            PeersCommand.Create(speaker),
            RoutesCommand.Create(speaker),
            LeasesCommand.Create(speaker),
            EmergencyCommand.Create(speaker),
        ];
        foreach (var call in calls)
        {
            call.Add(speaker.Format);
            root.Add(call);
        }
        root.Add(DecodeCommand.Create(context));
        foreach (var option in speaker.GlobalOptions)
            root.Add(option);
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
