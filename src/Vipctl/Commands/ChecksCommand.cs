using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl checks</c>.</summary>
internal static class ChecksCommand
{
    public static Command Create(GateCall gate)
    {
        var filter = Options.Name("check|vip|pool/backend", "only this check, or the checks of this", required: false);
        var command = new Command("checks", "The checks with their last results, the self-probes among them.")
        {
            filter,
        };
        command.SetAction((arguments, cancellation) => gate.ShowAsync(
            arguments,
            CheckView.View,
            (client, call) => client.ListChecksAsync(
                new ListChecksRequest { Filter = arguments.GetRequiredValue(filter) }, call),
            cancellation));
        return command;
    }
}
