using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl explain</c>.</summary>
internal static class ExplainCommand
{
    public static Command Create(GateCall gate)
    {
        var name = Options.Name("name", "the VIP", required: true);
        var vip = new Command(
            "vip", "Why a VIP is announced (exit 0) or not (exit 1): each cause, from the file to the routers.")
        {
            name,
        };
        vip.SetAction((arguments, cancellation) => gate.ShowAsync(
            arguments,
            ExplainView.View,
            (client, call) => client.ExplainVipAsync(
                new ExplainVipRequest { Name = arguments.GetRequiredValue(name) }, call),
            cancellation,
            answer => answer.HasFirstBroken ? ExitCode.Failed : ExitCode.Ok));
        return new Command("explain", "Why something is as it is.") { vip };
    }
}
