using AnycastVip.Vipd;
using AnycastVip.Vipd.Commands;

using var signals = new ProcessSignals();
var commandLine = new CommandLine(NodeProcesses.Commands);
return await commandLine.RunAsync(args, Console.Out, Console.Error, signals.HostFor);
