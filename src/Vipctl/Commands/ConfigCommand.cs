using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl config</c>.</summary>
internal static class ConfigCommand
{
    private const string Daemon = "vipd";

    public static Command Create(GateCall gate) => new("config", "The configuration file.")
    {
        Check(gate.Context),
        Reload(gate),
    };

    private static Command Check(CommandContext context)
    {
        var file = Options.Name("file", "the configuration file", required: true);
        var command = new Command("check", "Report all that is wrong with a file, as vipd reads it; change nothing.")
        {
            file,
        };
        command.SetAction((arguments, cancellation) =>
            CheckAsync(context, arguments.GetRequiredValue(file), cancellation));
        return command;
    }

    private static Command Reload(GateCall gate)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "judge and compare only" };
        var command = new Command("reload", "Read the file again and apply what changed, or nothing if it has errors.")
        {
            dryRun, gate.Settings.Format, gate.Settings.Timeout,
        };
        command.SetAction((arguments, cancellation) => gate.ShowAsync(
            arguments,
            ReloadView.View,
            (client, call) => client.ReloadConfigAsync(
                new ReloadConfigRequest { DryRun = arguments.GetValue(dryRun) }, call),
            cancellation,
            answer => ReloadView.IsRefused(answer) ? ExitCode.Usage : ExitCode.Ok));
        return command;
    }

    // vipd alone knows what its file means.
    private static async Task<int> CheckAsync(CommandContext context, string file, CancellationToken cancellation)
    {
        var program = context.ProgramDirectories
            .Select(directory => Path.Combine(directory, Daemon))
            .FirstOrDefault(File.Exists);
        if (program is null)
        {
            context.Complain("no vipd beside vipctl or in PATH, which reads the file; install it or extend PATH");
            return ExitCode.Failed;
        }
        var start = new ProcessStartInfo(program, ["--check", "--config", file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var check = Process.Start(start)!;
            await Task.WhenAll(
                CopyAsync(check.StandardOutput, context.Out, cancellation),
                CopyAsync(check.StandardError, context.Error, cancellation),
                check.WaitForExitAsync(cancellation));
            return check.ExitCode;
        }
        catch (Win32Exception error)
        {
            context.Complain($"{program}: cannot be run: {error.Message}");
            return ExitCode.Failed;
        }
    }

    private static async Task CopyAsync(StreamReader from, TextWriter to, CancellationToken cancellation) =>
        await to.WriteAsync((await from.ReadToEndAsync(cancellation)).AsMemory(), cancellation);
}
