using System.Threading.Channels;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.HealthGate.Tests.Links;

/// <summary>The other end of one stream: what it says, the test says.</summary>
internal sealed class ScriptedStream<TRequest, TResponse>(
    IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<TRequest> Receive()
    {
        var isThere = await requests.MoveNext(default).WaitAsync(Patience, TimeProvider.System);
        Assert.True(isThere, "the gate ended its side");
        return requests.Current;
    }

    /// <summary>Each request until the gate ends its side, or breaks the stream.</summary>
    public async IAsyncEnumerable<TRequest> ReadAll()
    {
        while (await Next())
            yield return requests.Current;

        async Task<bool> Next()
        {
            try
            {
                return await requests.MoveNext(default);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return false;
            }
        }
    }

    public Task Send(TResponse response) => responses.WriteAsync(response);

    public void End(StatusCode code, string text) => _end.SetException(new RpcException(new Status(code, text)));

    public void End() => _end.SetResult();

    public Task RunAsync(CancellationToken cancel) => _end.Task.WaitAsync(cancel);
}

/// <summary>Streams in the order in which the gate opens them.</summary>
internal sealed class StreamQueue<TRequest, TResponse>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<ScriptedStream<TRequest, TResponse>> _opened =
        Channel.CreateUnbounded<ScriptedStream<TRequest, TResponse>>();

    public bool IsOpened => _opened.Reader.Count > 0;

    public Task<ScriptedStream<TRequest, TResponse>> Next() =>
        _opened.Reader.ReadAsync().AsTask().WaitAsync(Patience, TimeProvider.System);

    /// <summary>Answers each request of each stream, one stream after the other, until told to stop.</summary>
    public async Task Serve(Func<ScriptedStream<TRequest, TResponse>, TRequest, Task> answer, CancellationToken stop)
    {
        await foreach (var stream in _opened.Reader.ReadAllAsync(stop))
        {
            try
            {
                await foreach (var request in stream.ReadAll())
                    await answer(stream, request);
                stream.End();
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
            {
                // The gate gave the stream up in the middle of an answer.
                continue;
            }
        }
    }

    public Task RunAsync(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, CancellationToken cancel)
    {
        var stream = new ScriptedStream<TRequest, TResponse>(requests, responses);
        _opened.Writer.TryWrite(stream);
        return stream.RunAsync(cancel);
    }
}

/// <summary>Stands in for the proxy.</summary>
internal sealed class ScriptedProxy : ProxyService.ProxyServiceBase
{
    public StreamQueue<ControlRequest, ControlResponse> Streams { get; } = new();

    public override Task Control(
        IAsyncStreamReader<ControlRequest> requestStream,
        IServerStreamWriter<ControlResponse> responseStream,
        ServerCallContext context) =>
        Streams.RunAsync(requestStream, responseStream, context.CancellationToken);
}

/// <summary>Stands in for the speaker.</summary>
internal sealed class ScriptedSpeaker : SpeakerService.SpeakerServiceBase
{
    public StreamQueue<AnnounceRequest, AnnounceResponse> Streams { get; } = new();

    public override Task Announce(
        IAsyncStreamReader<AnnounceRequest> requestStream,
        IServerStreamWriter<AnnounceResponse> responseStream,
        ServerCallContext context) =>
        Streams.RunAsync(requestStream, responseStream, context.CancellationToken);
}

/// <summary>Serves what stands in for another process.</summary>
internal static class ScriptedServer
{
    public static async Task<RpcServer> Start<TService>(string path, TService service)
        where TService : class
    {
        var server = new RpcServer(new() { SocketPath = path }, NullLoggerFactory.Instance).Add(service);
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }
}
