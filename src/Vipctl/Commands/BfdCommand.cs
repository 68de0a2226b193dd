using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl bfd</c>.</summary>
internal static class BfdCommand
{
    public static Command Create(SpeakerCall speaker)
    {
        var name = Options.Name("name", "only that of this peer", required: false);
        var watch = Options.Watch();
        var command = new Command("bfd", "The BFD sessions that watch the peers.") { name, watch };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListPeersRequest { Name = arguments.GetRequiredValue(name) };
            return arguments.GetValue(watch)
                ? speaker.WatchAsync(
                    arguments, BfdView.View, (client, call) => client.WatchPeers(request, call), cancellation)
                : speaker.ShowAsync(
                    arguments,
                    BfdView.View,
                    (client, call) => client.ListPeersAsync(request, call),
                    cancellation,
                    answer => Judge(speaker.Context, request, answer));
        });
        return command;
    }

    private static int Judge(CommandContext context, ListPeersRequest request, ListPeersResponse answer)
    {
        if (request.Name.Length == 0 || answer.Peers.Any(peer => peer.Bfd is not null))
            return ExitCode.Ok;
        context.Complain($"peer '{request.Name}' has no BFD; set bfd for it in the configuration");
        return ExitCode.NotFound;
    }
}
