using System.Net;
using System.Net.Sockets;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Api;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.Proxy.Tests.Api;

/// <summary>A running engine with its API on a Unix socket in a directory of its own, and clients of it.</summary>
internal sealed class ApiSandbox : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("proxy-api-");
    private readonly RpcServer _server;
    private readonly GrpcChannel _channel;
    private readonly ProxyControl _control;

    private ApiSandbox()
    {
        var path = Path.Combine(_directory.FullName, "proxy.sock");
        _control = new ProxyControl(Rig.Engine, TimeProvider.System);
        _server = new RpcServer(new RpcServerOptions { SocketPath = path }, NullLoggerFactory.Instance);
        _server.Add(new ProxyApi(_control, "node-1"));
        _channel = RpcChannel.ForUnixSocket(path);
        Client = new(_channel);
    }

    public Rig Rig { get; } = new();

    public ProxyService.ProxyServiceClient Client { get; }

    /// <summary>For calls that a test awaits: they give up instead of hanging.</summary>
    public static CallOptions Call => new(
        deadline: TimeProvider.System.GetUtcNow().Add(Rig.Patience).UtcDateTime,
        cancellationToken: TestContext.Current.CancellationToken);

    public static async Task<ApiSandbox> StartAsync()
    {
        var sandbox = new ApiSandbox();
        await sandbox._server.StartAsync(TestContext.Current.CancellationToken);
        return sandbox;
    }

    /// <summary>A Control stream on which nothing was said yet.</summary>
    public TestGate Connect() => new(Client.Control(Call));

    /// <summary>A Control stream whose hello was accepted.</summary>
    public async Task<TestGate> OpenAsync(ulong epoch = 1)
    {
        var gate = Connect();
        await gate.HelloAsync(epoch);
        await gate.WaitAsync(response => response.Accepted is not null);
        return gate;
    }

    /// <summary>Waits until the proxy tells this of itself.</summary>
    public Task<GetProxyResponse> WaitProxyAsync(Predicate<GetProxyResponse> isAccepted, string what) => Poll.Until(
        () => Client.GetProxy(new(), Call), proxy => isAccepted(proxy), Rig.Patience, what);

    /// <summary>Asserts that octets go through a listener to a backend and back.</summary>
    public async Task<(Socket Client, Socket Server)> AssertCarriesAsync(IPEndPoint listener, Socket backend)
    {
        var (client, server) = await Rig.Pair(listener, backend);
        await AssertCarriesAsync(client, server);
        return (client, server);
    }

    public static async Task AssertCarriesAsync(Socket client, Socket server)
    {
        await client.Write("ping"u8.ToArray());
        Assert.Equal("ping"u8.ToArray(), await server.Read(4));
        await server.Write("pong"u8.ToArray());
        Assert.Equal("pong"u8.ToArray(), await client.Read(4));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
        await _control.DisposeAsync();
        Rig.Dispose();
        _directory.Delete(recursive: true);
    }
}

/// <summary>The gate's end of one Control stream.</summary>
internal sealed class TestGate(AsyncDuplexStreamingCall<ControlRequest, ControlResponse> call) : IDisposable
{
    public static readonly Duration Heartbeat = TimeSpan.FromMilliseconds(50).ToDuration();

    private ulong _revision;
    private ulong _requestId;

    public Task SendAsync(ControlRequest request) =>
        call.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);

    public Task HelloAsync(ulong epoch, Duration? heartbeat = null) => SendAsync(
        new() { Hello = new() { Epoch = epoch, HeartbeatInterval = heartbeat ?? Heartbeat } });

    /// <summary>Sends a table under the next revision, and waits for the answer.</summary>
    public async Task<TableResult> AskAsync(ProxyTable table)
    {
        var request = new ProxyTable(table) { Revision = ++_revision };
        await SendAsync(new() { Table = request });
        return (await WaitAsync(response => response.TableResult?.Revision == _revision)).TableResult;
    }

    /// <summary>Sends a table that must come into force whole.</summary>
    public async Task ApplyAsync(ProxyTable table) => Assert.Equal(
        new TableResult { Revision = _revision + 1 }, await AskAsync(table));

    /// <summary>Asks for a count, and waits for the answer to it.</summary>
    public async Task<ConnectionCounts> CountAsync(ConnectionSelector selector, Timestamp? strandedSince = null)
    {
        var id = ++_requestId;
        await SendAsync(new()
        {
            CountConnections = new() { RequestId = id, Selector = selector, StrandedSince = strandedSince },
        });
        return (await WaitAsync(response => response.ConnectionCounts?.RequestId == id)).ConnectionCounts;
    }

    /// <summary>Has connections closed, and waits until they are.</summary>
    /// <returns>How many there were.</returns>
    public async Task<uint> CloseAsync(ConnectionSelector selector, Timestamp? strandedSince = null)
    {
        var id = ++_requestId;
        await SendAsync(new()
        {
            CloseConnections = new() { RequestId = id, Selector = selector, StrandedSince = strandedSince },
        });
        return (await WaitAsync(response => response.ConnectionsClosed?.RequestId == id)).ConnectionsClosed.Closed;
    }

    /// <summary>The next response that is accepted; earlier ones are dropped.</summary>
    public async Task<ControlResponse> WaitAsync(Func<ControlResponse, bool> isAccepted)
    {
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            if (isAccepted(call.ResponseStream.Current))
                return call.ResponseStream.Current;
        }
        throw new InvalidOperationException("the stream has ended before");
    }

    /// <summary>Waits until the server has ended the stream, and asserts how.</summary>
    /// <returns>The detail for people.</returns>
    public async Task<string> AssertEndedAsync(StatusCode expected)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => WaitAsync(_ => false));
        Assert.True(expected == error.StatusCode, error.ToString());
        return error.Status.Detail;
    }

    /// <summary>Says no more, and waits until the server has ended the stream with OK.</summary>
    public async Task EndAsync()
    {
        await call.RequestStream.CompleteAsync();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
        }
    }

    /// <summary>Breaks the stream.</summary>
    public void Dispose() => call.Dispose();
}

/// <summary>Tables as a gate sends them.</summary>
internal static class Tables
{
    public static ProxyTable Of(IPEndPoint listener, params IEnumerable<BackendSpec> backends) => new()
    {
        Listeners = { Listener(listener) },
        Pools = { Pool(backends) },
    };

    public static ListenerSpec Listener(IPEndPoint endpoint) => new()
    {
        Vip = "web",
        Address = endpoint.Address.ToString(),
        Port = (uint)endpoint.Port,
        Pool = "pool",
    };

    public static IPEndPoint EndPointOf(ListenerSpec listener) =>
        new(IPAddress.Parse(listener.Address), (int)listener.Port);

    public static PoolSpec Pool(params IEnumerable<BackendSpec> backends) => new()
    {
        Name = "pool",
        Balance = BalanceAlgorithm.RoundRobin,
        Backends = { backends },
    };

    public static BackendSpec Backend(
        string name, IPEndPoint endpoint, ulong generation = 1, BackendDirective directive = BackendDirective.Up) =>
        new()
        {
            Name = name,
            Address = endpoint.Address.ToString(),
            Port = (uint)endpoint.Port,
            Weight = 1,
            Directive = directive,
            Generation = generation,
        };
}
