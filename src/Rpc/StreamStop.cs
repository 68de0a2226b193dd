using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AnycastVip.Rpc;

/// <summary>
/// Ends streaming calls when the server stops. A stream may live for ever, so without this a graceful stop would
/// always last until its bound; unary calls are left to finish.
/// </summary>
internal static class StreamStop
{
    /// <summary>Makes the token that a streaming call's handler sees fire at the server's stop too.</summary>
    public static void Apply(HttpContext context, CancellationToken stopping)
    {
        var method = context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method;
        if (method is null or { Type: MethodType.Unary })
            return;
        var linked = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        context.Response.RegisterForDispose(linked);
        context.Items[typeof(StreamStop)] = stopping;
        context.RequestAborted = linked.Token;
    }

    /// <summary>Whether this call is being ended by the server's stop.</summary>
    public static bool Ends(HttpContext context) =>
        context.Items.TryGetValue(typeof(StreamStop), out var item) &&
        item is CancellationToken { IsCancellationRequested: true };
}
