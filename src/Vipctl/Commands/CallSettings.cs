using System.CommandLine;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>Where the daemons are, how long they may take, and how to show what they answer.</summary>
internal sealed class CallSettings(CommandContext context)
{
    /// <summary>How to find the daemons; for every command.</summary>
    public Option<string> ApiDirectory { get; } = new("--api-directory")
    {
        Description = "where the daemons' sockets are; VIPD_API_DIRECTORY sets another default",
        HelpName = "directory",
        DefaultValueFactory = _ => context.DefaultApiDirectory,
        Recursive = true,
    };

    /// <summary>How long to wait for a daemon; for each command that has no other use for the name.</summary>
    public Option<TimeSpan?> Timeout { get; } = Recursive(Options.Span(
        "--timeout", TimeSpan.FromHours(1), "how long the daemon may take to answer (default 5s)"));

    /// <summary>How to show an answer; for each command that calls a daemon.</summary>
    public Option<OutputFormat> Format { get; } = Recursive(Options.Format(
        "table (default), wide (all columns), json (one document) or jsonl (one line each)",
        ("table", OutputFormat.Table),
        ("wide", OutputFormat.Wide),
        ("json", OutputFormat.Json),
        ("jsonl", OutputFormat.JsonLines)));

    public CommandContext Context => context;

    /// <summary>How long the operator wants to wait for an answer.</summary>
    public TimeSpan TimeoutOf(ParseResult arguments) => arguments.GetValue(Timeout) ?? TimeSpan.FromSeconds(5);

    /// <summary>The Unix socket of a daemon: "speaker", "gate" or "proxy".</summary>
    public string SocketOf(ParseResult arguments, string daemon) =>
        Path.Combine(arguments.GetRequiredValue(ApiDirectory), $"{daemon}.sock");

    /// <summary>The time by which the daemon must have answered.</summary>
    public CallOptions DeadlineIn(TimeSpan time, CancellationToken cancellation) =>
        new(deadline: context.Clock.GetUtcNow().UtcDateTime + time, cancellationToken: cancellation);

    /// <summary>Writes an answer in the format that was asked for.</summary>
    public void Show<TAnswer>(ParseResult arguments, View<TAnswer> view, TAnswer answer)
        where TAnswer : IMessage =>
        view.Write(answer, arguments.GetValue(Format), context.Clock.GetUtcNow(), context.Out);

    private static Option<T> Recursive<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
