using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl routes</c>.</summary>
internal static class RoutesCommand
{
    public static Command Create(SpeakerCall speaker)
    {
        var filter = Options.Name("prefix|vip", "only this prefix, or the prefixes of this VIP", required: false);
        var watch = Options.Watch();
        var command = new Command("routes", "The prefixes that are declared, and which peers have them.")
        {
            filter, watch,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListRoutesRequest { Filter = arguments.GetRequiredValue(filter) };
            return arguments.GetValue(watch)
                ? speaker.WatchAsync(
                    arguments, RouteView.View, (client, call) => client.WatchRoutes(request, call), cancellation)
                : speaker.ShowAsync(
                    arguments,
                    RouteView.View,
                    (client, call) => client.ListRoutesAsync(request, call),
                    cancellation,
                    answer => Judge(speaker.Context, request, answer));
        });
        return command;
    }

    private static int Judge(CommandContext context, ListRoutesRequest request, ListRoutesResponse answer)
    {
        if (request.Filter.Length == 0 || answer.Routes.Count > 0)
            return ExitCode.Ok;
        context.Complain($"nobody declares a prefix or VIP '{request.Filter}'; see 'vipctl routes'");
        return ExitCode.NotFound;
    }
}
