using AnycastVip.Vipd;
using AnycastVip.Vipd.Commands;

using var signals = new StopSignals();
return await new CommandLine(SpeakerProcess.RunAsync).RunAsync(args, Console.Out, Console.Error, signals.Token);
