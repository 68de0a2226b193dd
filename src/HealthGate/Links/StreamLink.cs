using AnycastVip.HealthGate.Engine;
using AnycastVip.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace AnycastVip.HealthGate.Links;

/// <summary>What a link needs of the gate's shell.</summary>
/// <param name="SocketPath">The other process's Unix socket.</param>
/// <param name="Clock">Timestamps since boot, and the wall clock.</param>
/// <param name="Happened">
/// Takes what happens, in order, and must neither block nor throw: it is called by whoever reads the stream, so that
/// what a withdraw hangs on does not wait for another thread.
/// </param>
/// <param name="TurnAsync">Ends when the shell's loop has turned: heartbeats promise that it does.</param>
internal sealed record LinkOptions(
    string SocketPath, TimeProvider Clock, Action<GateInput> Happened, Func<Task> TurnAsync);

/// <summary>
/// How often a stream promises to send something, and how long it waits for the other side's promise.
/// </summary>
/// <param name="Heartbeat">From one heartbeat to the next.</param>
/// <param name="Silence">Without a sign of life for so long the stream is lost.</param>
internal readonly record struct LinkTimes(TimeSpan Heartbeat, TimeSpan Silence);

/// <summary>
/// Holds a stream to another process of the node: opens it, keeps it alive, judges its silence, and opens it again.
/// What is sent while there is none is dropped: after every loss the engine is told, and says anew what it wants.
/// </summary>
internal abstract class StreamLink<TRequest, TResponse>(LinkOptions options) : IAsyncDisposable
    where TRequest : class
{
    // A process that has just started needs longer for its first connection on a busy node, and a gate that was
    // restarted within its lease must not withdraw for that.
    private static readonly TimeSpan FirstAnswer = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(1);
    // Another gate holds the other side: the operator must end one of both.
    private static readonly TimeSpan TakenOverRetry = TimeSpan.FromSeconds(5);
    // What waits is written within it, or the process is hung.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private GrpcChannel _channel = RpcChannel.ForUnixSocket(options.SocketPath);
    private readonly CancellationTokenSource _leaving = new();
    private readonly CancellationTokenSource _stop = new();
    private Outbox<TRequest>? _outbox;

    /// <summary>The link's work. It ends with <see cref="DisposeAsync"/>; if it fails before, that is a bug.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Where time comes from.</summary>
    protected TimeProvider Clock => options.Clock;

    /// <summary>What is sent when nothing else is.</summary>
    protected abstract TRequest Heartbeat { get; }

    /// <summary>Of the next stream.</summary>
    protected abstract LinkTimes Times { get; }

    /// <summary>
    /// Whether the other side gives signs of life unasked. Then each is answered by a heartbeat, and no timer wakes the
    /// process for one: without those signs the stream is lost anyway.
    /// </summary>
    protected abstract bool AnswersSignsOfLife { get; }

    /// <summary>What waits for the stream that is open; null: none is.</summary>
    protected Outbox<TRequest>? Outbox => Volatile.Read(ref _outbox);

    /// <summary>Begins to connect.</summary>
    public void Start() => Completion = Task.Run(RunAsync);

    /// <summary>Writes what waits, within a bounded time, and ends the stream.</summary>
    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        Outbox?.Complete();
        await Completion.WaitAsync(EndTimeout, Clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _channel.Dispose();
    }

    /// <summary>Opens a stream.</summary>
    protected abstract AsyncDuplexStreamingCall<TRequest, TResponse> Open(
        ChannelBase channel, CancellationToken cancel);

    /// <summary>The first request of a stream.</summary>
    protected abstract TRequest Hello();

    /// <summary>Whether a response proves that the whole other side runs, not only a part of it.</summary>
    protected abstract bool IsSignOfLife(TResponse response);

    /// <summary>What a response says to the engine; null: nothing.</summary>
    /// <exception cref="FormatException">It cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The same.</exception>
    /// <exception cref="ArgumentException">The same.</exception>
    protected abstract GateInput? Read(TResponse response);

    /// <summary>Whether a response says that another process has the socket's path by now: the stream ends.</summary>
    protected abstract bool IsHandOver(TResponse response);

    /// <summary>Says that the stream is lost.</summary>
    protected abstract GateInput Lost(string reason);

    private async Task RunAsync()
    {
        var retry = TimeSpan.Zero;
        while (true)
        {
            var start = Clock.GetTimestamp();
            var loss = await RunStreamAsync();
            if (_leaving.IsCancellationRequested)
                return;
            if (loss.IsHandOver)
            {
                // This channel's connection is still to the process that hands over.
                _channel.Dispose();
                _channel = RpcChannel.ForUnixSocket(options.SocketPath);
                continue;
            }
            options.Happened(Lost(loss.Reason));
            // A stream that lived is opened again at once; one that is lost again and again costs little.
            if (Clock.GetElapsedTime(start) > LongestRetry)
                retry = TimeSpan.Zero;
            await Task.Delay(loss.IsTakenOver ? TakenOverRetry : retry, Clock, _leaving.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = TimeSpan.FromTicks(Math.Clamp(retry.Ticks * 2, ShortestRetry.Ticks, LongestRetry.Ticks));
        }
    }

    private async Task<Loss> RunStreamAsync()
    {
        var times = Times;
        var outbox = new Outbox<TRequest>(Heartbeat);
        var watchdog = new Watchdog(times.Silence > FirstAnswer ? times.Silence : FirstAnswer, times.Silence, Clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var call = Open(_channel, end.Token);
        Volatile.Write(ref _outbox, outbox);
        // Whoever leaves completes the outbox that it finds: this one may have come a moment later.
        if (_leaving.IsCancellationRequested)
            outbox.Complete();
        var reading = ReadAsync(call.ResponseStream, outbox, watchdog);
        var writing = WriteAsync(call.RequestStream, outbox, end.Token);
        var beating = AnswersSignsOfLife ? Task.CompletedTask : BeatAsync(outbox, times.Heartbeat, end.Token);
        var silence = watchdog.WatchAsync(end.Token);
        try
        {
            var first = await Task.WhenAny(reading, silence, outbox.Abandoned);
            if (first == reading)
                return await reading;
            return Lose(first == silence
                ? $"no sign of life for {watchdog.Patience.TotalMilliseconds:0} ms; it may be hung"
                : await outbox.Abandoned);
        }
        finally
        {
            Volatile.Write(ref _outbox, null);
            await end.CancelAsync();
            // What broke the others broke the reading too, and that has the better reason.
            await Task.WhenAll(reading, writing, beating, silence)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Loss> ReadAsync(
        IAsyncStreamReader<TResponse> responses, Outbox<TRequest> outbox, Watchdog watchdog)
    {
        var beating = Task.CompletedTask;
        try
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                var isSignOfLife = IsSignOfLife(responses.Current);
                if (isSignOfLife)
                    watchdog.Feed();
                if (isSignOfLife && AnswersSignsOfLife && beating.IsCompleted)
                    beating = BeatAsync(outbox);
                if (Read(responses.Current) is { } happened)
                    options.Happened(happened);
                if (IsHandOver(responses.Current))
                    return Lose("it handed over") with { IsHandOver = true };
            }
            return Lose("it ended the stream");
        }
        catch (RpcException e)
        {
            var line = RpcFailure.Of(e, options.SocketPath).Line.ReplaceLineEndings(" ");
            return new(line, e.StatusCode is StatusCode.Aborted or StatusCode.FailedPrecondition);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException)
        {
            return Lose($"it sent what cannot be read ({e.Message}); is it of another version?");
        }
    }

    private async Task WriteAsync(
        IClientStreamWriter<TRequest> requests, Outbox<TRequest> outbox, CancellationToken end)
    {
        await requests.WriteAsync(Hello(), end);
        await foreach (var request in outbox.ReadAllAsync(end))
            await requests.WriteAsync(request, end);
        await requests.CompleteAsync();
    }

    private async Task BeatAsync(Outbox<TRequest> outbox, TimeSpan interval, CancellationToken end)
    {
        while (true)
        {
            await Task.Delay(interval, Clock, end);
            await BeatAsync(outbox).WaitAsync(end);
        }
    }

    private async Task BeatAsync(Outbox<TRequest> outbox)
    {
        await options.TurnAsync();
        outbox.Beat();
    }

    private Loss Lose(string what) => new($"{options.SocketPath}: {what}", IsTakenOver: false);
}

/// <summary>Why a stream is over.</summary>
/// <param name="Reason">One line.</param>
/// <param name="IsTakenOver">Another gate holds the other side.</param>
/// <param name="IsHandOver">Another process has become the other side.</param>
internal readonly record struct Loss(string Reason, bool IsTakenOver, bool IsHandOver = false);
