using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>Calls the speaker on its Unix socket and turns what can go wrong into a line and an exit code.</summary>
internal sealed class SpeakerCall(CommandContext context)
{
    private readonly Option<string> _apiDirectory = new("--api-directory")
    {
        Description = "where the daemons' sockets are; VIPD_API_DIRECTORY sets another default",
        HelpName = "directory",
        DefaultValueFactory = _ => context.DefaultApiDirectory,
        Recursive = true,
    };

    private readonly Option<TimeSpan?> _timeout = Recursive(Options.Span(
        "--timeout", TimeSpan.FromHours(1), "how long the daemon may take to answer (default 5s)"));

    /// <summary>How to find a daemon and how long to wait for it.</summary>
    public IEnumerable<Option> GlobalOptions => [_apiDirectory, _timeout];

    /// <summary>How to show an answer; for each command that calls a daemon.</summary>
    public Option<OutputFormat> Format { get; } = Recursive(Options.Format(
        "table (default), wide (all columns), json (one document) or jsonl (one line each)",
        ("table", OutputFormat.Table),
        ("wide", OutputFormat.Wide),
        ("json", OutputFormat.Json),
        ("jsonl", OutputFormat.JsonLines)));

    public CommandContext Context => context;

    /// <summary>How long the operator wants to wait for an answer.</summary>
    public TimeSpan TimeoutOf(ParseResult arguments) => arguments.GetValue(_timeout) ?? TimeSpan.FromSeconds(5);

    /// <summary>The time by which the daemon must have answered.</summary>
    public CallOptions DeadlineIn(TimeSpan time, CancellationToken cancellation) =>
        new(deadline: context.Clock.GetUtcNow().UtcDateTime + time, cancellationToken: cancellation);

    /// <summary>Makes one call, shows the answer, and returns the exit code.</summary>
    public Task<int> ShowAsync<TAnswer>(
        ParseResult arguments,
        View<TAnswer> view,
        Func<SpeakerService.SpeakerServiceClient, CallOptions, AsyncUnaryCall<TAnswer>> call,
        CancellationToken cancellation,
        Func<TAnswer, int>? judge = null,
        TimeSpan extraTime = default)
        where TAnswer : IMessage =>
        RunAsync(arguments, async client =>
        {
            var answer = await call(client, DeadlineIn(TimeoutOf(arguments) + extraTime, cancellation));
            var exitCode = judge?.Invoke(answer) ?? ExitCode.Ok;
            if (exitCode != ExitCode.NotFound)
                Show(arguments, view, answer);
            return exitCode;
        });

    /// <summary>Shows every answer of a stream until it ends or the operator has seen enough.</summary>
    public Task<int> WatchAsync<TAnswer>(
        ParseResult arguments,
        View<TAnswer> view,
        Func<SpeakerService.SpeakerServiceClient, CallOptions, AsyncServerStreamingCall<TAnswer>> call,
        CancellationToken cancellation)
        where TAnswer : IMessage =>
        RunAsync(arguments, async client =>
        {
            // The time limit is for the first answer; after that silence means that nothing changes.
            using var silence = new CancellationTokenSource(TimeoutOf(arguments), context.Clock);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellation);
            using var stream = call(client, new CallOptions(cancellationToken: both.Token));
            try
            {
                while (await stream.ResponseStream.MoveNext(both.Token))
                {
                    silence.CancelAfter(Timeout.InfiniteTimeSpan);
                    if (context.IsScreen)
                        context.Out.Write("\e[H\e[2J");
                    Show(arguments, view, stream.ResponseStream.Current);
                }
            }
            catch (Exception error) when (IsCancelled(error) && silence.IsCancellationRequested)
            {
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, ""));
            }
            return ExitCode.Ok;
        });

    /// <summary>Writes an answer in the format that was asked for.</summary>
    public void Show<TAnswer>(ParseResult arguments, View<TAnswer> view, TAnswer answer)
        where TAnswer : IMessage =>
        view.Write(answer, arguments.GetValue(Format), context.Clock.GetUtcNow(), context.Out);

    /// <summary>Runs <paramref name="work"/> with a client; returns its exit code or that of its failure.</summary>
    public async Task<int> RunAsync(
        ParseResult arguments, Func<SpeakerService.SpeakerServiceClient, Task<int>> work)
    {
        var socket = Path.Combine(arguments.GetRequiredValue(_apiDirectory), "speaker.sock");
        using var channel = RpcChannel.ForUnixSocket(socket);
        try
        {
            return await work(new SpeakerService.SpeakerServiceClient(channel));
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled)
        {
            return ExitCode.Interrupted;
        }
        catch (RpcException error)
        {
            var failure = RpcFailure.Of(error, socket);
            context.Complain(failure.Line);
            return failure switch
            {
                { Unreachable: true } or { Code: StatusCode.DeadlineExceeded } => ExitCode.Unreachable,
                { Code: StatusCode.NotFound } => ExitCode.NotFound,
                { Code: StatusCode.InvalidArgument } => ExitCode.Usage,
                _ => ExitCode.Failed,
            };
        }
    }

    private static bool IsCancelled(Exception error) =>
        error is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled };

    private static Option<T> Recursive<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
