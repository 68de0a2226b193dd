using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>Calls a daemon on its Unix socket and turns what can go wrong into a line and an exit code.</summary>
/// <param name="settings">What is common to the calls of all daemons.</param>
/// <param name="daemon">"speaker", "gate" or "proxy".</param>
/// <param name="connect">Makes a client on a channel.</param>
internal abstract class DaemonCall<TClient>(CallSettings settings, string daemon, Func<ChannelBase, TClient> connect)
{
    public CallSettings Settings => settings;

    public CommandContext Context => settings.Context;

    /// <summary>The daemon's name, which is also that of its socket.</summary>
    public string Daemon => daemon;

    /// <summary>Makes one call, shows the answer, and returns the exit code.</summary>
    public Task<int> ShowAsync<TAnswer>(
        ParseResult arguments,
        View<TAnswer> view,
        Func<TClient, CallOptions, AsyncUnaryCall<TAnswer>> call,
        CancellationToken cancellation,
        Func<TAnswer, int>? judge = null,
        TimeSpan extraTime = default)
        where TAnswer : IMessage =>
        RunAsync(arguments, async client =>
        {
            var time = settings.TimeoutOf(arguments) + extraTime;
            var answer = await call(client, settings.DeadlineIn(time, cancellation));
            var exitCode = judge?.Invoke(answer) ?? ExitCode.Ok;
            if (exitCode != ExitCode.NotFound)
                settings.Show(arguments, view, answer);
            return exitCode;
        });

    /// <summary>Shows every answer of a stream until it ends or the operator has seen enough.</summary>
    public Task<int> WatchAsync<TAnswer>(
        ParseResult arguments,
        View<TAnswer> view,
        Func<TClient, CallOptions, AsyncServerStreamingCall<TAnswer>> call,
        CancellationToken cancellation)
        where TAnswer : IMessage =>
        FollowAsync(
            arguments,
            call,
            answer =>
            {
                Context.ClearScreen();
                settings.Show(arguments, view, answer);
            },
            cancellation);

    /// <summary>Hands over every answer of a stream until it ends or the operator has seen enough.</summary>
    public Task<int> FollowAsync<TAnswer>(
        ParseResult arguments,
        Func<TClient, CallOptions, AsyncServerStreamingCall<TAnswer>> call,
        Action<TAnswer> take,
        CancellationToken cancellation) =>
        RunAsync(arguments, async client =>
        {
            // The time limit is for the first answer; after that silence means that nothing changes.
            using var answers = new AnswerStream<TAnswer>(
                options => call(client, options), settings.TimeoutOf(arguments), null, Context.Clock, cancellation);
            while (await answers.MoveNextAsync())
                take(answers.Current);
            return ExitCode.Ok;
        });

    /// <summary>Runs <paramref name="work"/> with a client; returns its exit code or that of its failure.</summary>
    public async Task<int> RunAsync(ParseResult arguments, Func<TClient, Task<int>> work)
    {
        try
        {
            return await AskAsync(arguments, work);
        }
        catch (RpcException error)
        {
            return Conclude(arguments, error);
        }
    }

    /// <summary>Runs <paramref name="work"/> with a client; its failures are the caller's.</summary>
    /// <exception cref="RpcException">As <paramref name="work"/> throws it.</exception>
    public async Task<TResult> AskAsync<TResult>(ParseResult arguments, Func<TClient, Task<TResult>> work)
    {
        using var channel = RpcChannel.ForUnixSocket(settings.SocketOf(arguments, daemon));
        return await work(connect(channel));
    }

    /// <summary>Why a call failed, in one line with the remedy.</summary>
    public RpcFailure FailureOf(ParseResult arguments, RpcException error) =>
        RpcFailure.Of(error, settings.SocketOf(arguments, daemon));

    /// <summary>Says why a call failed; returns the exit code for it.</summary>
    public int Conclude(ParseResult arguments, RpcException error)
    {
        if (error.StatusCode == StatusCode.Cancelled)
            return ExitCode.Interrupted;
        var failure = FailureOf(arguments, error);
        Context.Complain(failure.Line);
        return failure switch
        {
            { Unreachable: true } or { Code: StatusCode.DeadlineExceeded } => ExitCode.Unreachable,
            { Code: StatusCode.NotFound } => ExitCode.NotFound,
            { Code: StatusCode.InvalidArgument } => ExitCode.Usage,
            _ => ExitCode.Failed,
        };
    }
}

/// <summary>Calls of the speaker.</summary>
internal sealed class SpeakerCall(CallSettings settings)
    : DaemonCall<SpeakerService.SpeakerServiceClient>(settings, "speaker", channel => new(channel));

/// <summary>Calls of the gate.</summary>
internal sealed class GateCall(CallSettings settings)
    : DaemonCall<GateService.GateServiceClient>(settings, "gate", channel => new(channel));

/// <summary>Calls of the proxy.</summary>
internal sealed class ProxyCall(CallSettings settings)
    : DaemonCall<ProxyService.ProxyServiceClient>(settings, "proxy", channel => new(channel));
