using System.Net;
using System.Net.Sockets;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Tests.Api;
using AnycastVip.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace AnycastVip.Proxy.Tests.Replacement;

/// <summary>One proxy takes over from another, and what becomes of it when either does not go on.</summary>
public sealed class HandOverTests : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("proxy-hand-over-");
    private readonly List<IAsyncDisposable> _proxies = [];
    private readonly List<GrpcChannel> _channels = [];
    private readonly IPEndPoint _listener = Rig.NewEndpoint();
    private readonly ReplaceableProxy _old;
    private readonly EchoServer _backend;

    public HandOverTests()
    {
        _old = NewProxy();
        _backend = new(_old.Rig.Listen());
    }

    private string Path => System.IO.Path.Combine(_directory.FullName, "proxy.sock");

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(channel => channel.Dispose());
        foreach (var proxy in Enumerable.Reverse(_proxies))
            await proxy.DisposeAsync();
        _backend.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task A_successor_has_listeners_table_and_path_and_the_gate_is_told()
    {
        using var gate = await ServeAsync();
        var client = await EchoedAsync();
        var successor = NewProxy(loops: 3);

        await successor.ReplaceAsync();

        Assert.NotNull(await gate.WaitAsync(response => response.HandedOver is not null));
        Assert.Equal(ReplaceableProxy.ConnectionTimeout, await _old.Served);
        await _old.Sockets.LeavePathAsync();
        using var next = Gate();
        await next.HelloAsync(1);
        Assert.Equal(1UL, (await next.WaitAsync(response => response.Accepted is not null)).Accepted.KeptRevision);
        await EchoedAsync();
        Assert.Equal(1, successor.Rig.Count(_listener).Accepted);
        await EchoAsync(client);
        Assert.Equal(1, _old.Rig.Engine.Snapshot().Connections);
    }

    [Fact]
    public async Task Connections_of_a_replaced_proxy_are_counted_listed_and_closed_with_its_successors()
    {
        using var first = await ServeAsync();
        var (before, gone) = (await EchoedAsync(), await EchoedAsync());
        var successor = NewProxy();
        await successor.ReplaceAsync();
        await EchoedAsync();
        using var gate = Gate();
        await gate.HelloAsync(1);

        Assert.Equal((3U, 3UL), await CountAsync(gate));
        var groups = (await Client().ListConnectionsAsync(new(), ApiSandbox.Call)).Groups;
        Assert.Equal(3U, Assert.Single(groups).Fed);
        gone.Dispose();
        await Poll.Until(() => CountAsync(gate), count => count == (2U, 3UL), Rig.Patience, "one has ended");
        var standing = Assert.Single((await Client().GetProxyAsync(new(), ApiSandbox.Call)).Replaced);
        Assert.Equal((1U, (uint)Environment.ProcessId), (standing.Connections, standing.Pid));
        Assert.Equal(
            ReplaceableProxy.ConnectionTimeout, standing.EndsAt.ToDateTime() - standing.ReplacedAt.ToDateTime());

        Assert.Equal(2U, await gate.CloseAsync(new() { Vip = "web" }));
        await before.AssertReset();
        Assert.Equal((0U, 3UL), await CountAsync(gate));
    }

    [Fact]
    public async Task A_replaced_proxy_that_does_not_answer_has_connections_and_one_that_is_gone_has_none()
    {
        using var first = await ServeAsync();
        await EchoedAsync();
        var successor = NewProxy();
        await successor.ReplaceAsync();
        await _old.Sockets.DisposeAsync();
        // As a stopped process: the kernel takes connections for it.
        var path = System.IO.Path.Combine(_directory.FullName, $"proxy-{Environment.ProcessId}");
        var silent = UnixSocketFile.Listen(path, UnixFileMode.UserWrite);

        Assert.Equal(1U, (await Client().CountConnectionsAsync(new(), ApiSandbox.Call)).Fed);
        Assert.True(Assert.Single((await Client().GetProxyAsync(new(), ApiSandbox.Call)).Replaced).IsSilent);
        silent.Dispose();
        Assert.Equal(0U, (await Client().CountConnectionsAsync(new(), ApiSandbox.Call)).Fed);
        Assert.Empty((await Client().GetProxyAsync(new(), ApiSandbox.Call)).Replaced);
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_successor_that_dies_half_way_changes_nothing(int steps)
    {
        using var gate = await ServeAsync();
        using (var channel = ReplaceableProxy.Channel(_directory.FullName))
        {
            await Task.Run(
                () =>
                {
                    if (steps > 0)
                        Assert.NotNull(channel.Receive().Offer);
                    if (steps > 1)
                    {
                        Array.ForEach([.. channel.ReceiveDescriptors(2)], descriptor =>
                            new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)).Dispose());
                        channel.Send(new() { Accepting = new() { ConnectionTimeout = new() } });
                        Assert.NotNull(channel.Receive().PathFree);
                    }
                },
                Rig.Cancellation);
        }

        // The gate's stream lives, and its next table is taken.
        await gate.ApplyAsync(Tables.Of(_listener, Tables.Backend("b", _backend.Endpoint, generation: 2)));
        await EchoedAsync();
        // Nothing stands in the way of the next one.
        await NewProxy().ReplaceAsync();
        Assert.Equal(ReplaceableProxy.ConnectionTimeout, await _old.Served);
        await EchoedAsync();
    }

    [Fact]
    public async Task A_table_that_comes_in_the_midst_waits_for_the_end_of_the_hand_over()
    {
        using var gate = await ServeAsync();
        using var channel = ReplaceableProxy.Channel(_directory.FullName);
        await Task.Run(() => channel.Receive(), Rig.Cancellation);

        await gate.SendAsync(new() { Table = new(Tables.Of(_listener)) { Revision = 2 } });
        for (var heartbeats = 0; heartbeats < 3; heartbeats++)
            Assert.Null((await gate.WaitAsync(each => each.HeartbeatAck is not null || each.TableResult is not null))
                .TableResult);
        Assert.Equal(1UL, _old.Rig.Engine.Snapshot().Revision);
        channel.Dispose();

        Assert.Equal(2UL, (await gate.WaitAsync(each => each.TableResult is not null)).TableResult.Revision);
        Assert.Equal(2UL, _old.Rig.Engine.Snapshot().Revision);
    }

    [Fact]
    public async Task A_successor_goes_on_alone_when_the_older_proxy_dies_in_the_midst()
    {
        using (await ServeAsync())
        {
            var successor = NewProxy();
            using var predecessor = successor.Predecessor();
            await Task.Run(
                () => predecessor.TakeOver(successor.Control, ReplaceableProxy.ConnectionTimeout), Rig.Cancellation);
            await _old.Sockets.DisposeAsync();
            _old.Rig.Engine.StopAccepting();

            await successor.Sockets.StartAsync();

            await EchoedAsync();
            Assert.Equal(1UL, (await Client().GetProxyAsync(new(), ApiSandbox.Call)).Revision);
        }
    }

    [Fact]
    public async Task Nobody_takes_over_twice()
    {
        using var gate = await ServeAsync();
        await NewProxy().ReplaceAsync();
        using var late = GrpcChannel(System.IO.Path.Combine(_directory.FullName, $"proxy-{Environment.ProcessId}"));
        var client = new ProxyService.ProxyServiceClient(late);

        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await client.ReplaceAsync(new(), ApiSandbox.Call));
        Assert.Equal(
            (StatusCode.FailedPrecondition, "another process has taken over from this one already"),
            (error.StatusCode, error.Status.Detail));
        using var stream = new TestGate(client.Control(ApiSandbox.Call));
        await stream.HelloAsync(2);
        Assert.Contains(
            "another process has taken over",
            await stream.AssertEndedAsync(StatusCode.Unavailable),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_successor_sends_a_source_to_the_backend_that_it_had_before()
    {
        using var other = new EchoServer(_old.Rig.Listen());
        await _old.StartAsync();
        using var gate = Gate();
        await gate.HelloAsync(1);
        var table = Tables.Of(
            _listener, Tables.Backend("b", _backend.Endpoint), Tables.Backend("c", other.Endpoint));
        table.Pools[0].Persistence = new()
        {
            Ttl = new() { Seconds = 600 }, Ipv4Prefix = 32, Ipv6Prefix = 64, MaxEntries = 100,
        };
        await gate.ApplyAsync(table);
        await EchoedFromAsync("127.9.7.1");
        await EchoedFromAsync("127.9.7.2");
        var successor = NewProxy();

        await successor.ReplaceAsync();

        // In turn it would be b, c, b.
        for (var i = 0; i < 3; i++)
            await EchoedFromAsync("127.9.7.2");
        Assert.Equal((0, 3), (successor.Rig.Count("b").Connected, successor.Rig.Count("c").Connected));
    }

    // With one listener and one backend in force.
    private async Task<TestGate> ServeAsync()
    {
        await _old.StartAsync();
        var gate = Gate();
        await gate.HelloAsync(1);
        await gate.ApplyAsync(Tables.Of(_listener, Tables.Backend("b", _backend.Endpoint)));
        return gate;
    }

    private ReplaceableProxy NewProxy(int loops = 2)
    {
        var proxy = new ReplaceableProxy(_directory.FullName, loops);
        _proxies.Add(proxy);
        return proxy;
    }

    private TestGate Gate() => new(Client().Control(ApiSandbox.Call));

    // Over a connection of its own.
    private ProxyService.ProxyServiceClient Client() => new(GrpcChannel(Path));

    private GrpcChannel GrpcChannel(string path)
    {
        var channel = RpcChannel.ForUnixSocket(path);
        _channels.Add(channel);
        return channel;
    }

    private static async Task<(uint Fed, ulong Accepted)> CountAsync(TestGate gate)
    {
        var counts = await gate.CountAsync(new() { Vip = "web" });
        return (counts.Fed, counts.Accepted);
    }

    private async Task<Socket> EchoedAsync()
    {
        var client = await _old.Rig.Connect(_listener);
        await EchoAsync(client);
        return client;
    }

    private async Task EchoedFromAsync(string source)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        await client.ConnectAsync(_listener, Rig.Cancellation);
        await EchoAsync(client);
    }

    private static async Task EchoAsync(Socket client)
    {
        await client.Write("x"u8.ToArray());
        Assert.Equal("x"u8.ToArray(), await client.Read(1));
    }
}
