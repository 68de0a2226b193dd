using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>The service of echo.proto, and what it saw of its callers.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _flooded;

    /// <summary>Completes when a waiting call is seen to be cancelled.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>Completes when a call that waits for <see cref="Release"/> has come.</summary>
    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets the calls with the text "until-released" return.</summary>
    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Messages that a flood has handed to the transport.</summary>
    public long Flooded => Interlocked.Read(ref _flooded);

    public override async Task<StringValue> Say(StringValue request, ServerCallContext context)
    {
        var words = request.Value.Split(':', 3);
        switch (words)
        {
            case ["fail", var code, var detail]:
                var status = (StatusCode)int.Parse(code, CultureInfo.InvariantCulture);
                throw new RpcException(new Status(status, detail));
            case ["throw"]:
                throw new InvalidOperationException("a secret of the daemon");
            case ["wait"]:
                await UntilCancelled(context);
                return request;
            case ["until-released"]:
                Held.TrySetResult();
                await Release.Task;
                return request;
            case ["user"]:
                return Text(PeerCredentials.UserOf(context));
            case ["size", var count]:
                return Text(new string('x', int.Parse(count, CultureInfo.InvariantCulture)));
            default:
                return request;
        }
    }

    public override async Task<StringValue> Collect(
        IAsyncStreamReader<StringValue> requestStream, ServerCallContext context)
    {
        var texts = new List<string>();
        await foreach (var text in requestStream.ReadAllAsync())
            texts.Add(text.Value);
        return Text(string.Join(',', texts));
    }

    public override async Task Repeat(
        StringValue request, IServerStreamWriter<StringValue> responseStream, ServerCallContext context)
    {
        if (int.TryParse(request.Value, CultureInfo.InvariantCulture, out var count))
        {
            for (var i = 0; i < count; i++)
                await responseStream.WriteAsync(Text(i.ToString(CultureInfo.InvariantCulture)));
        }
        else if (request.Value == "hold")
        {
            await responseStream.WriteAsync(Text("held"));
            await UntilCancelled(context);
        }
        else if (request.Value.Split(':') is ["flood", var size])
        {
            var text = Text(new string('x', int.Parse(size, CultureInfo.InvariantCulture)));
            while (true)
            {
                await responseStream.WriteAsync(text, context.CancellationToken);
                Interlocked.Increment(ref _flooded);
            }
        }
        else
        {
            await responseStream.WriteAsync(await Say(request, context));
        }
    }

    public override async Task Chat(
        IAsyncStreamReader<StringValue> requestStream,
        IServerStreamWriter<StringValue> responseStream,
        ServerCallContext context)
    {
        await foreach (var text in requestStream.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(await Say(text, context));
        await responseStream.WriteAsync(Text("bye"));
    }

    private static StringValue Text(string text) => new() { Value = text };

    private async Task UntilCancelled(ServerCallContext context)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.CancellationToken);
        }
        finally
        {
            _cancelled.TrySetResult();
        }
    }
}
