using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl peers</c> and what can be done to one.</summary>
internal static class PeersCommand
{
    public static Command Create(SpeakerCall speaker)
    {
        var name = Options.Name("name", "only this peer, with all that is remembered of it", required: false);
        var watch = Options.Watch();
        var command = new Command("peers", "The BGP peers and the state of their sessions.") { name, watch };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListPeersRequest { Name = arguments.GetRequiredValue(name) };
            var view = request.Name.Length == 0 ? PeerView.View : PeerPage.View;
            return arguments.GetValue(watch)
                ? speaker.WatchAsync(
                    arguments, view, (client, call) => client.WatchPeers(request, call), cancellation)
                : speaker.ShowAsync(
                    arguments, view, (client, call) => client.ListPeersAsync(request, call), cancellation);
        });
        command.Add(SetAdminState(
            speaker, "shutdown", "Take a peer administratively down, until enabled or the speaker restarts.",
            PeerAdminState.Down));
        command.Add(SetAdminState(speaker, "enable", "Bring a peer up again.", PeerAdminState.Up));
        command.Add(Reset(speaker));
        return command;
    }

    private static Command SetAdminState(
        SpeakerCall speaker, string verb, string description, PeerAdminState state)
    {
        var name = Options.Name("name", "the peer", required: true);
        var reason = Options.Reason("why; the peer is told (RFC 9003)");
        var command = new Command(verb, description) { name };
        if (state == PeerAdminState.Down)
            command.Add(reason);
        command.SetAction((arguments, cancellation) => speaker.RunAsync(arguments, async client =>
        {
            var request = new SetPeerAdminStateRequest
            {
                Name = arguments.GetRequiredValue(name),
                AdminState = state,
                Reason = arguments.GetValue(reason) ?? "",
            };
            var call = speaker.Settings.DeadlineIn(speaker.Settings.TimeoutOf(arguments), cancellation);
            ShowPeer(speaker, arguments, (await client.SetPeerAdminStateAsync(request, call)).Peer);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command Reset(SpeakerCall speaker)
    {
        var name = Options.Name("name", "the peer", required: true);
        var reason = Options.Reason("why; the peer is told (RFC 9003)");
        var command = new Command("reset", "Close a peer's session and let it come back.") { name, reason };
        command.SetAction((arguments, cancellation) => speaker.RunAsync(arguments, async client =>
        {
            var request = new ResetPeerRequest
            {
                Name = arguments.GetRequiredValue(name),
                Reason = arguments.GetValue(reason) ?? "",
            };
            var call = speaker.Settings.DeadlineIn(speaker.Settings.TimeoutOf(arguments), cancellation);
            ShowPeer(speaker, arguments, (await client.ResetPeerAsync(request, call)).Peer);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static void ShowPeer(SpeakerCall speaker, ParseResult arguments, Peer peer) =>
        speaker.Settings.Show(arguments, PeerView.View, new ListPeersResponse { Peers = { peer } });
}
