using System.Net;
using AnycastVip.Bench.Node;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>Our proxy alone; its table comes from here, over the stream that the gate uses.</summary>
internal sealed class VipdProxy : IProxy
{
    private const string Vip = "bench";
    private const string Pool = "backends";
    private static readonly Duration FeatureTimeout = new() { Seconds = 60 };
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly GrpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<ControlRequest, ControlResponse> _stream;
    private readonly ProxyTable _table;
    private TaskCompletionSource<TableResult>? _answer;

    private VipdProxy(ProxyBed bed, IPEndPoint endpoint, PinnedProcess process, string name)
    {
        (Endpoint, Process) = (endpoint, process);
        Name = name;
        _channel = RpcChannel.ForUnixSocket(process.File("proxy.sock"));
        _stream = new ProxyService.ProxyServiceClient(_channel).Control(cancellationToken: _stop.Token);
        _table = new()
        {
            Listeners = { ListenerAt(endpoint) },
            Pools = { PoolOf(bed.Backend) },
        };
    }

    public string Name { get; }

    public IPEndPoint Endpoint { get; }

    public PinnedProcess Process { get; }

    /// <param name="bed">Where it listens and its backend.</param>
    /// <param name="port">Its own.</param>
    /// <param name="hasFeatures">With least connections, PROXY protocol version 2 towards the backend, and limits.
    /// </param>
    /// <param name="engine">What carries the connections: auto, epoll or io_uring.</param>
    public static async Task<VipdProxy> StartAsync(
        ProxyBed bed, int port, bool hasFeatures = false, string engine = "auto")
    {
        var process = new PinnedProcess();
        var file = process.Write(
            "node.yaml",
            $$"""
            version: 1
            node: {name: bench, asn: 65001, routerId: {{OwnNetwork.NodeAddress}}}
            proxy: {engine: {{engine}}}
            api: {directory: {{Path.GetDirectoryName(process.File("api"))}}}

            """);
        process.Start(ProxyBed.ProxyCore, VipdNode.Program, "proxy", "--config", file);
        await process.WaitAsync(() => File.Exists(process.File("proxy.sock")), "no proxy.sock");
        var name = hasFeatures ? "vipd, features on" : engine == "auto" ? "vipd" : $"vipd, {engine}";
        var proxy = new VipdProxy(bed, new(bed.Address, port), process, name);
        if (hasFeatures)
            SwitchOn(proxy._table);
        await proxy.TakeControlAsync();
        return proxy;
    }

    /// <summary>Every second time the backend has another weight and a second listener is there.</summary>
    public async Task ReloadAsync()
    {
        var backend = _table.Pools[0].Backends[0];
        backend.Weight = 201 - backend.Weight;
        if (_table.Listeners.Count == 1)
            _table.Listeners.Add(ListenerAt(new(Endpoint.Address, Endpoint.Port + 1000)));
        else
            _table.Listeners.RemoveAt(1);
        await SendTableAsync();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stream.Dispose();
        _channel.Dispose();
        Process.Dispose();
    }

    private static ListenerSpec ListenerAt(IPEndPoint endpoint) => new()
    {
        Vip = Vip, Address = endpoint.Address.ToString(), Port = (uint)endpoint.Port, Pool = Pool,
    };

    private static PoolSpec PoolOf(IPEndPoint backend) => new()
    {
        Name = Pool,
        Balance = BalanceAlgorithm.RoundRobin,
        Backends =
        {
            new BackendSpec
            {
                Name = "s1", Address = backend.Address.ToString(), Port = (uint)backend.Port, Weight = 100,
                Directive = BackendDirective.Up, Generation = 1,
            },
        },
    };

    private static void SwitchOn(ProxyTable table)
    {
        var (listener, pool) = (table.Listeners[0], table.Pools[0]);
        listener.MaxConnections = ProxyBed.MaximumConnections;
        listener.IdleTimeout = FeatureTimeout;
        listener.HalfClosedTimeout = FeatureTimeout;
        listener.FirstOctetTimeout = FeatureTimeout;
        listener.UserTimeout = FeatureTimeout;
        pool.Balance = BalanceAlgorithm.LeastConnections;
        pool.SendProxyProtocol = ProxyProtocolVersion._2;
        pool.QueueSize = 1024;
        pool.Backends[0].MaxConnections = ProxyBed.MaximumConnections;
    }

    private async Task TakeControlAsync()
    {
        await SendAsync(new() { Hello = new() { Epoch = 1, HeartbeatInterval = HeartbeatInterval.ToDuration() } });
        _ = ReadAsync();
        _ = BeatAsync();
        await SendTableAsync();
    }

    private async Task SendTableAsync()
    {
        _table.Revision++;
        _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await SendAsync(new() { Table = _table });
        var result = await _answer.Task.WaitAsync(Patience);
        if (result.Refused is [var first, ..])
            throw new InvalidOperationException($"the proxy refuses {first.Entry}: {first.Text}");
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var response in _stream.ResponseStream.ReadAllAsync(_stop.Token))
            {
                if (response.TableResult is { } result)
                    _answer?.TrySetResult(result);
            }
        }
        catch (Exception error)
        {
            _answer?.TrySetException(error);
        }
    }

    // gRPC allows one write at a time.
    private async Task SendAsync(ControlRequest request)
    {
        await _turn.WaitAsync(_stop.Token);
        try
        {
            await _stream.RequestStream.WriteAsync(request, _stop.Token);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(HeartbeatInterval);
        while (await timer.WaitForNextTickAsync(_stop.Token))
            await SendAsync(new() { Heartbeat = new() });
    }
}
