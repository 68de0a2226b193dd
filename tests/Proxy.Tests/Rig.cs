using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>A running engine, clients before it and backends behind it, on loopback addresses of their own.</summary>
internal sealed class Rig : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private const int ListenerPort = 20000;
    private static int _addresses;

    private readonly List<IDisposable> _owned = [];
    private ulong _revision;

    public Rig(int loops = 2, int observations = 1024, TransportKind transport = TransportKind.Auto)
    {
        Engine = new(new()
        {
            Loops = loops,
            ObservationCapacity = observations,
            LoopPatience = Patience,
            Transport = transport,
        });
        Engine.Start();
    }

    public ProxyEngine Engine { get; }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An endpoint that no other test of any process uses.</summary>
    public static IPEndPoint NewEndpoint()
    {
        var number = Interlocked.Increment(ref _addresses);
        var process = (byte)(10 + Environment.ProcessId % 200);
        return new(new IPAddress([127, process, (byte)(number / 250), (byte)(1 + number % 250)]), ListenerPort);
    }

    /// <summary>A port of ::1 that was free a moment ago.</summary>
    public static IPEndPoint NewIPv6Endpoint()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    public static BackendSpec Backend(string name, IPEndPoint endpoint) => new() { Name = name, Endpoint = endpoint };

    public static PoolSpec Pool(params ImmutableArray<BackendSpec> backends) =>
        new() { Name = "pool", Backends = backends };

    /// <summary>Puts a table of one listener and one pool in force.</summary>
    public void Apply(ListenerSpec listener, PoolSpec pool) =>
        Assert.Empty(
            Engine.ApplyTable(new() { Revision = ++_revision, Listeners = [listener], Pools = [pool] }).Refused);

    /// <summary>A listener for <paramref name="pool"/>, in force.</summary>
    public IPEndPoint Open(PoolSpec pool, IPEndPoint? endpoint = null)
    {
        endpoint ??= NewEndpoint();
        Apply(new() { Endpoint = endpoint, Pool = pool.Name }, pool);
        return endpoint;
    }

    /// <summary>A listener with limits of its own for <paramref name="pool"/>, in force.</summary>
    public IPEndPoint Open(PoolSpec pool, Func<ListenerSpec, ListenerSpec> limit)
    {
        var listener = limit(new() { Endpoint = NewEndpoint(), Pool = pool.Name });
        Apply(listener, pool);
        return listener.Endpoint;
    }

    public Socket Listen(IPEndPoint? endpoint = null, int backlog = 4096)
    {
        endpoint ??= NewEndpoint();
        var socket = Own(new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.Bind(endpoint);
        socket.Listen(backlog);
        return socket;
    }

    public async Task<Socket> Connect(IPEndPoint endpoint)
    {
        var socket = Own(new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(endpoint, Cancellation).AsTask().WaitAsync(Patience, TimeProvider.System);
        return socket;
    }

    /// <summary>Asserts that a client is accepted and then reset: it learns that in connecting or in reading.</summary>
    public async Task AssertTurnedAway(IPEndPoint endpoint)
    {
        try
        {
            await (await Connect(endpoint)).AssertReset();
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    public async Task<Socket> Accept(Socket listener)
    {
        var socket = await listener.AcceptAsync(Cancellation).AsTask().WaitAsync(Patience, TimeProvider.System);
        socket.NoDelay = true;
        return Own(socket);
    }

    /// <summary>A client connected through the engine to a backend.</summary>
    public async Task<(Socket Client, Socket Server)> Pair(IPEndPoint endpoint, Socket backend)
    {
        var client = await Connect(endpoint);
        return (client, await Accept(backend));
    }

    /// <summary>A backend to which no connection is ever established: its backlog is full.</summary>
    public async Task<IPEndPoint> Blackhole()
    {
        var listener = Listen(backlog: 0);
        await Connect(listener.EndPoint());
        return listener.EndPoint();
    }

    /// <summary>An endpoint where nobody listens.</summary>
    public static IPEndPoint Nobody() => NewEndpoint();

    public BackendSnapshot Count(string backend) =>
        Engine.Snapshot().Backends.Single(snapshot => snapshot.Name == backend);

    public ListenerSnapshot Count(IPEndPoint listener) =>
        Engine.Snapshot().Listeners.Single(snapshot => snapshot.Endpoint.Equals(listener));

    /// <summary>Waits until no connection is open.</summary>
    public Task Quiet() => Poll.Until(() => Engine.Snapshot().Connections, count => count == 0, Patience, "quiet");

    /// <summary>The next observation of a kind, those before it dropped.</summary>
    public async Task<Observation> Next(ObservationKind kind) =>
        await Poll.Until(
            () => Engine.Observations.TryRead(out var observation) ? observation : (Observation?)null,
            observation => observation?.Kind == kind,
            Patience,
            $"a backend was seen {kind}") ?? default;

    public void Dispose()
    {
        Engine.Dispose();
        _owned.ForEach(item => item.Dispose());
    }

    public Socket Own(Socket socket)
    {
        lock (_owned)
            _owned.Add(socket);
        return socket;
    }
}

internal static class SocketExtensions
{
    public static IPEndPoint EndPoint(this Socket listener) => (IPEndPoint)listener.LocalEndPoint!;

    public static async Task Write(this Socket socket, ReadOnlyMemory<byte> octets)
    {
        while (!octets.IsEmpty)
            octets = octets[await Bounded(socket.SendAsync(octets, Rig.Cancellation))..];
    }

    /// <summary>Reads as many octets as there is room for; fewer only at the end.</summary>
    public static async Task<byte[]> Read(this Socket socket, int count)
    {
        var buffer = new byte[count];
        var length = 0;
        var received = -1;
        while (length < count && received != 0)
        {
            received = await Bounded(socket.ReceiveAsync(buffer.AsMemory(length), Rig.Cancellation));
            length += received;
        }
        return buffer[..length];
    }

    /// <summary>Asserts that the other side has sent its end and nothing before it.</summary>
    public static async Task AssertEnd(this Socket socket) => Assert.Empty(await socket.Read(1));

    /// <summary>Asserts that the connection ends with a reset, whatever octets come first.</summary>
    public static async Task AssertReset(this Socket socket)
    {
        var error = await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            while ((await socket.Read(1)).Length > 0) { }
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    /// <summary>Closes with a RST.</summary>
    public static void Reset(this Socket socket)
    {
        socket.LingerState = new(true, 0);
        socket.Close();
    }

    private static Task<int> Bounded(ValueTask<int> work) => work.AsTask().WaitAsync(Rig.Patience, TimeProvider.System);
}
