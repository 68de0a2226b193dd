using System.Threading.Channels;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <summary>
/// One Control stream. What goes up is bounded: answers, heartbeats and reports wait for the gate to read, and are then
/// of that moment; failures that find no room are counted in the reports.
/// </summary>
internal sealed class ControlCall(
    ProxyControl control, IAsyncStreamReader<ControlRequest> requests, IServerStreamWriter<ControlResponse> responses)
{
    private const int MaximumUnread = 256;
    private const int MaximumUnreadFailures = 1024;

    // So many intervals without a word, and the gate counts as silent.
    private const int MissedHeartbeats = 3;

    private static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ShortestHeartbeat = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestHeartbeat = TimeSpan.FromSeconds(10);

    private readonly Channel<ControlResponse> _answers = Channel.CreateBounded<ControlResponse>(
        new BoundedChannelOptions(MaximumUnread) { SingleReader = true });
    private readonly Channel<ConnectFailure> _failures = Channel.CreateBounded<ConnectFailure>(
        new BoundedChannelOptions(MaximumUnreadFailures) { SingleReader = true });
    private readonly Channel<bool> _reportRequests = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TaskCompletionSource<RpcException> _ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _handingOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _handedOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BackendTallies _tallies = new(control.Clock);
    private readonly ConnectionQueries _connections = new(control);

    /// <summary>Serves the stream until the gate ends it, breaks it, or loses it to another.</summary>
    /// <exception cref="RpcException">As the service's comment in proxy.proto says.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!await requests.MoveNext(cancel) || requests.Current.Hello is not { } hello)
            throw Failure(StatusCode.InvalidArgument, "the first request of the stream must carry hello");
        var interval = ReadInterval(hello.HeartbeatInterval);
        var kept = control.Open(this, hello.Epoch);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        List<Task> work = [];
        try
        {
            // Directly: a failure must not come before it.
            await responses.WriteAsync(
                new()
                {
                    Accepted = new() { HeartbeatInterval = interval.ToDuration(), KeptRevision = kept },
                },
                end.Token);
            var writing = WriteAsync(end.Token);
            work.AddRange(
                [writing, ReadAsync(end.Token), SendHeartbeatsAsync(interval, end.Token), SendReportsAsync(end.Token)]);
            var first = await Task.WhenAny([_ended.Task, _handingOver.Task, .. work]);
            if (first == _ended.Task)
                throw await _ended.Task;
            if (first == _handingOver.Task)
            {
                await HandOverAsync(writing, end.Token);
                return;
            }
            await first;
            // The gate has ended its side: it holds the proxy no longer, and what it asked for is still answered.
            control.Close(this);
            _answers.Writer.Complete();
            await writing;
        }
        finally
        {
            _handedOver.TrySetResult();
            control.Close(this);
            await end.CancelAsync();
            await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ends the stream from outside.</summary>
    public void End(RpcException reason) => _ended.TrySetResult(reason);

    /// <summary>Tells the gate to go to a successor; completes when it was told, or is gone.</summary>
    public Task HandOverAsync()
    {
        _handingOver.TrySetResult();
        return _handedOver.Task;
    }

    /// <summary>Counts an observation, and sends it up if it is a failure.</summary>
    public void Observe(in Observation observation)
    {
        if (_tallies.Count(observation) is { } failure)
            _failures.Writer.TryWrite(failure);
    }

    /// <summary>Lets reports be sent, as soon as the gate has read those before.</summary>
    public void RequestReport() => _reportRequests.Writer.TryWrite(true);

    // The gate leaves when it has read this: ended from here its next stream would come over the same connection.
    private async Task HandOverAsync(Task writing, CancellationToken cancel)
    {
        await AnswerAsync(new() { HandedOver = new() }, cancel);
        _answers.Writer.Complete();
        await writing;
        _handedOver.TrySetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, control.Clock, cancel);
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        while (await requests.MoveNext(cancel))
        {
            control.MarkSeen(this);
            var request = requests.Current;
            switch (request.RequestCase)
            {
                case ControlRequest.RequestOneofCase.Heartbeat:
                    break;
                case ControlRequest.RequestOneofCase.Table:
                    var result = await control.ApplyAsync(this, request.Table, cancel);
                    await AnswerAsync(new() { TableResult = result }, cancel);
                    await AnswerAsync(new() { ListenerReport = ReportListeners(control.View()) }, cancel);
                    break;
                case ControlRequest.RequestOneofCase.CountConnections:
                    var counts = await _connections.CountAsync(request.CountConnections);
                    await AnswerAsync(new() { ConnectionCounts = counts }, cancel);
                    break;
                case ControlRequest.RequestOneofCase.CloseConnections:
                    var closed = await _connections.CloseAsync(request.CloseConnections);
                    await AnswerAsync(new() { ConnectionsClosed = closed }, cancel);
                    break;
                default:
                    throw Failure(
                        StatusCode.InvalidArgument,
                        "after hello a request must carry table, heartbeat, count_connections or close_connections");
            }
        }
    }

    private async Task SendHeartbeatsAsync(TimeSpan interval, CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(interval, control.Clock);
        var sending = Task.CompletedTask;
        while (await timer.WaitForNextTickAsync(cancel))
        {
            control.JudgeSilence(this, MissedHeartbeats * interval);
            if (!sending.IsCompleted)
                continue;
            await sending;
            sending = SendHeartbeatAsync(cancel);
        }
    }

    private async Task SendHeartbeatAsync(CancellationToken cancel)
    {
        await control.Engine.TurnAsync().WaitAsync(cancel);
        await AnswerAsync(new() { HeartbeatAck = new() }, cancel);
    }

    private async Task SendReportsAsync(CancellationToken cancel)
    {
        await foreach (var _ in _reportRequests.Reader.ReadAllAsync(cancel))
        {
            var view = control.View();
            await AnswerAsync(new() { ListenerReport = ReportListeners(view) }, cancel);
            foreach (var report in _tallies.TakeReports(view.Table, view.Snapshot.Backends))
                await AnswerAsync(new() { BackendReport = report }, cancel);
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        var moreFailures = _failures.Reader.WaitToReadAsync(cancel).AsTask();
        var moreAnswers = _answers.Reader.WaitToReadAsync(cancel).AsTask();
        while (true)
        {
            // A withdraw may hang on a failure: it passes whatever else waits.
            if (_failures.Reader.TryRead(out var failure))
                await responses.WriteAsync(new() { ConnectFailure = failure }, cancel);
            else if (_answers.Reader.TryRead(out var answer))
                await responses.WriteAsync(answer, cancel);
            else if (moreFailures.IsCompleted && await moreFailures)
                moreFailures = _failures.Reader.WaitToReadAsync(cancel).AsTask();
            else if (moreAnswers.IsCompleted && !await moreAnswers)
                return;
            else if (moreAnswers.IsCompleted)
                moreAnswers = _answers.Reader.WaitToReadAsync(cancel).AsTask();
            else
                await Task.WhenAny(moreFailures, moreAnswers).WaitAsync(cancel);
        }
    }

    private Task AnswerAsync(ControlResponse response, CancellationToken cancel) =>
        _answers.Writer.WriteAsync(response, cancel).AsTask();

    private static ListenerReport ReportListeners(ControlView view) => new() { Listeners = { view.Listeners } };

    private static TimeSpan ReadInterval(Duration? message)
    {
        try
        {
            var interval = message?.ToTimeSpan() ?? DefaultHeartbeat;
            if (interval >= ShortestHeartbeat && interval <= LongestHeartbeat)
                return interval;
        }
        catch (InvalidOperationException)
        {
            // No valid google.protobuf.Duration: refused like one out of range.
        }
        throw Failure(StatusCode.InvalidArgument, "heartbeat_interval must be 50 ms to 10 s; unset is 250 ms");
    }

    private static RpcException Failure(StatusCode code, string text) => new(new Status(code, text));
}
