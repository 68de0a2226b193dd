using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl vips</c>.</summary>
internal static class VipsCommand
{
    public static Command Create(GateCall gate)
    {
        var name = Options.Name("name", "only this VIP", required: false);
        var watch = Options.Watch();
        var command = new Command("vips", "The VIPs, and why each is announced or not.") { name, watch };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListVipsRequest { Name = arguments.GetRequiredValue(name) };
            return arguments.GetValue(watch)
                ? gate.WatchAsync(
                    arguments, VipView.View, (client, call) => client.WatchVips(request, call), cancellation)
                : gate.ShowAsync(
                    arguments, VipView.View, (client, call) => client.ListVipsAsync(request, call), cancellation);
        });
        return command;
    }
}
