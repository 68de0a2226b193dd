using System.CommandLine;
using System.Globalization;
using System.Numerics;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl events</c>.</summary>
internal static class EventsCommand
{
    // The gate's own bound.
    private const uint MostEvents = 10_000;

    public static Command Create(GateCall gate)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with each new event as it happens" };
        var subject = new Option<string>("--subject")
        {
            Description = "only what happened to this: \"vip web\", \"backend web/s1\", \"peer tor1\", node",
            HelpName = "subject",
        };
        var severity = Severity();
        var limit = Number<uint>(
            "--limit",
            "the newest so many (default 100)",
            $"a number from 1 to {MostEvents}",
            count => count is > 0 and <= MostEvents);
        var after = Number<ulong>(
            "--after", "only events after the one with this number", "an event's number", _ => true);
        var command = new Command("events", "What happened, oldest first, each with the event that it followed from.")
        {
            follow, subject, severity, limit, after,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListEventsRequest
            {
                AfterId = arguments.GetValue(after) ?? 0,
                Subject = arguments.GetValue(subject) ?? "",
                MinSeverity = arguments.GetValue(severity),
                Limit = arguments.GetValue(limit) ?? 0,
            };
            return arguments.GetValue(follow)
                ? FollowAsync(gate, arguments, request, cancellation)
                : gate.ShowAsync(
                    arguments,
                    EventView.View,
                    (client, call) => client.ListEventsAsync(request, call),
                    cancellation,
                    answer => Judge(gate.Context, answer, isContinuation: request.AfterId > 0));
        });
        return command;
    }

    private static Task<int> FollowAsync(
        GateCall gate, ParseResult arguments, ListEventsRequest request, CancellationToken cancellation)
    {
        var isContinuation = request.AfterId > 0;
        return gate.FollowAsync(
            arguments,
            (client, call) => client.WatchEvents(request, call),
            answer =>
            {
                Judge(gate.Context, answer, isContinuation);
                gate.Settings.Show(arguments, EventView.View, answer);
                isContinuation = true;
            },
            cancellation);
    }

    // Who asks for the newest events knows that there were others; who goes on from one must know of a gap.
    private static int Judge(CommandContext context, ListEventsResponse answer, bool isContinuation)
    {
        if (isContinuation && answer.Lost > 0)
            context.Complain($"{answer.Lost} events are missing here: not kept any more, or read too slowly");
        return ExitCode.Ok;
    }

    private static Option<EventSeverity> Severity()
    {
        (string Name, EventSeverity Severity)[] names =
            [("info", EventSeverity.Info), ("warning", EventSeverity.Warning), ("error", EventSeverity.Error)];
        return Options.OneOf("--severity", "only this severity and worse: info, warning or error", "severity", names);
    }

    private static Option<T?> Number<T>(string name, string description, string expected, Func<T, bool> isAllowed)
        where T : struct, INumberBase<T> => new(name)
        {
            Description = description,
            HelpName = "number",
            CustomParser = Options.Parser<T?>(
                (string text, out T? number) =>
                {
                    var isNumber = T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
                    number = parsed;
                    return isNumber && isAllowed(parsed);
                },
                expected),
        };
}
