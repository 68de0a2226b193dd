using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl leases</c>.</summary>
internal static class LeasesCommand
{
    public static Command Create(SpeakerCall speaker)
    {
        var command = new Command("leases", "Who may announce, and until when.");
        command.SetAction((arguments, cancellation) => speaker.ShowAsync(
            arguments,
            LeaseView.View,
            (client, call) => client.ListLeasesAsync(new ListLeasesRequest(), call),
            cancellation));
        return command;
    }
}
