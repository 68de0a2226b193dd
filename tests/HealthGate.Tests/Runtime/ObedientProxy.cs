using AnycastVip.HealthGate.Tests.Links;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.HealthGate.Tests.Runtime;

/// <summary>A proxy that does what it is told, but for its connections: it has none.</summary>
internal sealed class ObedientProxy : IAsyncDisposable
{
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(250);

    private readonly ScriptedProxy _script = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private ScriptedStream<ControlRequest, ControlResponse>? _stream;

    public ObedientProxy() => _serving = _script.Streams.Serve(AnswerAsync, _stop.Token);

    public ScriptedProxy Service => _script;

    /// <summary>The last one; null: none came.</summary>
    public ProxyTable? Table { get; private set; }

    public async Task Say(ControlResponse response)
    {
        await _sending.WaitAsync();
        try
        {
            await _stream!.Send(response);
        }
        finally
        {
            _sending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sending.Dispose();
        _stop.Dispose();
    }

    // The gate answers it at once, so that heartbeats go on at this interval.
    private async Task BeatLaterAsync()
    {
        await Task.Delay(HeartbeatInterval, TimeProvider.System, _stop.Token);
        await Say(new() { HeartbeatAck = new() });
    }

    private async Task AnswerAsync(
        ScriptedStream<ControlRequest, ControlResponse> stream, ControlRequest request)
    {
        _stream = stream;
        switch (request.RequestCase)
        {
            case ControlRequest.RequestOneofCase.Hello:
                await Say(new() { Accepted = new() });
                break;
            case ControlRequest.RequestOneofCase.Heartbeat:
                _ = BeatLaterAsync();
                break;
            case ControlRequest.RequestOneofCase.Table:
                Table = request.Table;
                await Say(new() { TableResult = new() { Revision = request.Table.Revision } });
                await Say(new()
                {
                    ListenerReport = new()
                    {
                        Listeners =
                        {
                            request.Table.Listeners.Select(listener => new Listener
                            {
                                Address = listener.Address, Port = listener.Port, State = ListenerState.Listening,
                            }),
                        },
                    },
                });
                break;
            case ControlRequest.RequestOneofCase.CountConnections:
                await Say(new()
                {
                    ConnectionCounts = new()
                    {
                        RequestId = request.CountConnections.RequestId,
                        At = TimeProvider.System.GetUtcNow().ToTimestamp(),
                    },
                });
                break;
            case ControlRequest.RequestOneofCase.CloseConnections:
                await Say(new() { ConnectionsClosed = new() { RequestId = request.CloseConnections.RequestId } });
                break;
        }
    }
}
