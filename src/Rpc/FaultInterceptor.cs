using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Rpc;

/// <summary>
/// Gives every call that fails a clear status: <see cref="RpcException"/> as the handler chose it, UNAVAILABLE when
/// the server's stop ended it, CANCELLED when the caller did, and INTERNAL without details for a bug, which is logged.
/// </summary>
internal sealed class FaultInterceptor(ILogger<FaultInterceptor> log) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(request, context));

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        ServerCallContext context,
        ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(requestStream, context));

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(request, responseStream, context));

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(requestStream, responseStream, context));

    private async Task<T> Guard<T>(ServerCallContext context, Func<Task<T>> call)
    {
        T result = default!;
        await Guard(context, async () => { result = await call(); });
        return result;
    }

    private async Task Guard(ServerCallContext context, Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw Translate(e, context);
        }
    }

    private RpcException Translate(Exception error, ServerCallContext context)
    {
        if (StreamStop.Ends(context.GetHttpContext()))
            return new RpcException(new Status(StatusCode.Unavailable, "the daemon is stopping"));
        if (context.CancellationToken.IsCancellationRequested)
            return new RpcException(new Status(StatusCode.Cancelled, "the call was cancelled"));
        log.LogError(error, "{Method} failed", context.Method);
        return new RpcException(new Status(StatusCode.Internal, "internal error; the daemon's log has the details"));
    }
}
