using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>The answers of a streaming call, with a limit on the daemon's silence.</summary>
internal sealed class AnswerStream<TAnswer> : IDisposable
{
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _end;
    private readonly AsyncServerStreamingCall<TAnswer> _call;
    private readonly TimeSpan _between;

    /// <summary>Starts the call.</summary>
    /// <param name="call">Makes it.</param>
    /// <param name="first">How long the first answer may take.</param>
    /// <param name="between">How long each later one may take; null: it comes when it comes.</param>
    /// <param name="clock">Measures both.</param>
    /// <param name="cancellation">Ends the call.</param>
    public AnswerStream(
        Func<CallOptions, AsyncServerStreamingCall<TAnswer>> call,
        TimeSpan first,
        TimeSpan? between,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        _between = between ?? Timeout.InfiniteTimeSpan;
        _silence = new CancellationTokenSource(first, clock);
        _end = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellation);
        _call = call(new CallOptions(cancellationToken: _end.Token));
    }

    /// <summary>The answer that <see cref="MoveNextAsync"/> waited for.</summary>
    public TAnswer Current => _call.ResponseStream.Current;

    /// <summary>Waits for the next answer; false when there is none any more.</summary>
    /// <exception cref="RpcException">
    /// What ended the call: DEADLINE_EXCEEDED for a silent daemon, CANCELLED when the caller ended it.
    /// </exception>
    public async Task<bool> MoveNextAsync()
    {
        try
        {
            var more = await _call.ResponseStream.MoveNext(_end.Token);
            _silence.CancelAfter(_between);
            return more;
        }
        catch (Exception error) when (error is OperationCanceledException
            or RpcException { StatusCode: StatusCode.Cancelled })
        {
            var code = _silence.IsCancellationRequested ? StatusCode.DeadlineExceeded : StatusCode.Cancelled;
            throw new RpcException(new Status(code, "", error));
        }
    }

    public void Dispose()
    {
        _call.Dispose();
        _end.Dispose();
        _silence.Dispose();
    }
}
