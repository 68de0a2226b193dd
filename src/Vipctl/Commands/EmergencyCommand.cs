using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl emergency</c>: straight to the speaker, for when nothing else answers.</summary>
internal static class EmergencyCommand
{
    /// <summary>The speaker takes no longer wait.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private static readonly View<LiftEmergencyWithdrawResponse> LiftView = new(
        answer => [answer],
        (answer, _, _, output) => output.WriteLine(answer.Lifted ? "lifted" : "none was in force"));

    public static Command Create(SpeakerCall speaker) =>
        new("emergency", "Withdraw everything at once, whatever clients declare.")
        {
            Withdraw(speaker),
            Lift(speaker),
        };

    private static Command Withdraw(SpeakerCall speaker)
    {
        var reason = Options.Reason("why; shown in every view");
        reason.Required = true;
        var wait = Options.Span(
            "--wait", LongestWait, "how long to wait for the peers (default 5s; 0s: not at all)");
        var command = new Command("withdraw", "Withdraw every prefix and keep it withdrawn until lifted.")
        {
            reason, wait,
        };
        command.SetAction((arguments, cancellation) => WithdrawAsync(
            speaker, arguments, arguments.GetRequiredValue(reason), arguments.GetValue(wait), cancellation));
        return command;
    }

    /// <summary>
    /// Withdraws every prefix; returns the exit code. It waits for the peers as long as <paramref name="wait"/>, at
    /// most <see cref="LongestWait"/>; zero: not at all; null: 5 s.
    /// </summary>
    public static Task<int> WithdrawAsync(
        SpeakerCall speaker, ParseResult arguments, string reason, TimeSpan? wait, CancellationToken cancellation)
    {
        var time = wait ?? TimeSpan.FromSeconds(5);
        var request = new EmergencyWithdrawRequest
        {
            Reason = reason,
            Wait = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(time),
        };
        return speaker.ShowAsync(
            arguments,
            DeliveryView.View,
            (client, call) => client.EmergencyWithdrawAsync(request, call),
            cancellation,
            answer => time == TimeSpan.Zero ? ExitCode.Ok : Judge(speaker.Context, answer),
            extraTime: time);
    }

    /// <summary>Announces again what live leases declare; returns the exit code.</summary>
    public static Task<int> LiftAsync(SpeakerCall speaker, ParseResult arguments, CancellationToken cancellation) =>
        speaker.ShowAsync(
            arguments,
            LiftView,
            (client, call) => client.LiftEmergencyWithdrawAsync(new LiftEmergencyWithdrawRequest(), call),
            cancellation);

    // A peer without a session has nothing of ours; any other must have acknowledged.
    private static int Judge(CommandContext context, EmergencyWithdrawResponse answer)
    {
        var late = answer.Peers
            .Where(peer => peer.State is not (DeliveryState.Acknowledged or DeliveryState.NoSession))
            .Select(peer => peer.Peer)
            .ToList();
        if (late.Count == 0)
            return ExitCode.Ok;
        context.Complain($"not acknowledged yet by {string.Join(", ", late)}; the withdraw stays in force");
        return ExitCode.WaitTimedOut;
    }

    private static Command Lift(SpeakerCall speaker)
    {
        var command = new Command("lift", "Announce again what live leases declare.");
        command.SetAction((arguments, cancellation) => LiftAsync(speaker, arguments, cancellation));
        return command;
    }
}
