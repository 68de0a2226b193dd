using AnycastVip.Vipd;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Supervision;

if (!ParentBond.Tie())
{
    await Console.Error.WriteLineAsync("vipd: the 'vipd run' that started this process is gone");
    return ExitCode.Failed;
}
using var signals = new ProcessSignals();
var commandLine = new CommandLine(NodeProcesses.Commands);
var error = NodeLog.LineWriter(Console.OpenStandardError());
return await commandLine.RunAsync(args, Console.Out, error, signals.HostFor);
