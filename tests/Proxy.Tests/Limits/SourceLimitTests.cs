using System.Net;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Limits;

namespace AnycastVip.Proxy.Tests.Limits;

/// <summary>The limits of each source on real sockets.</summary>
public sealed class SourceLimitTests : IDisposable
{
    private readonly Rig _rig = new(loops: 4);

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task Beyond_its_limit_a_source_is_reset_until_one_of_its_connections_ends()
    {
        using var echo = new EchoServer(_rig.Listen());
        var endpoint = Open(echo, new() { Connections = 20 });
        for (var round = 1; round <= 3; round++)
        {
            var clients = new List<System.Net.Sockets.Socket>();
            for (var i = 0; i < 20; i++)
            {
                clients.Add(await _rig.Connect(endpoint));
                await clients[i].Write("x"u8.ToArray());
                Assert.Single(await clients[i].Read(1));
            }
            await _rig.AssertTurnedAway(endpoint);
            await _rig.AssertTurnedAway(endpoint);
            clients.ForEach(client => client.Reset());
            await _rig.Quiet();
            Assert.Equal((2 * round, 22 * round), (_rig.Count(endpoint).SourceLimited, _rig.Count(endpoint).Accepted));
        }
    }

    [Fact]
    public async Task A_table_with_other_limits_keeps_the_counts()
    {
        using var echo = new EchoServer(_rig.Listen());
        var endpoint = Open(echo, new() { Connections = 1 });
        var client = await _rig.Connect(endpoint);
        await client.Write("x"u8.ToArray());
        Assert.Single(await client.Read(1));
        Apply(endpoint, echo, new() { Connections = 1, Rate = 1000, Burst = 1000 });
        await _rig.AssertTurnedAway(endpoint);
        Apply(endpoint, echo, new() { Connections = 1, IPv4Prefix = 8 });
        client.Reset();
        await _rig.Quiet();
        client = await _rig.Connect(endpoint);
        await client.Write("x"u8.ToArray());
        Assert.Single(await client.Read(1));
        await _rig.AssertTurnedAway(endpoint);
        Apply(endpoint, echo, null);
        client = await _rig.Connect(endpoint);
        await client.Write("x"u8.ToArray());
        Assert.Single(await client.Read(1));
    }

    [Fact]
    public async Task A_source_that_connects_too_fast_is_reset()
    {
        using var echo = new EchoServer(_rig.Listen());
        // The next one is due after a second; three come at once.
        var endpoint = Open(echo, new() { Rate = 1, Burst = 2 });
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async _ =>
        {
            try
            {
                using var client = await _rig.Connect(endpoint);
                await client.Write("x"u8.ToArray());
                await client.Read(1);
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Turned away.
            }
        }));
        await Poll.Until(() => _rig.Count(endpoint).Accepted, count => count == 50, Rig.Patience, "all are accepted");
        Assert.InRange(_rig.Count(endpoint).SourceLimited, 1, 48);
    }

    private IPEndPoint Open(EchoServer echo, SourceLimits limits)
    {
        var endpoint = Rig.NewEndpoint();
        Apply(endpoint, echo, limits);
        return endpoint;
    }

    private void Apply(IPEndPoint endpoint, EchoServer echo, SourceLimits? limits) => _rig.Apply(
        new ListenerSpec { Endpoint = endpoint, Pool = "pool", PerSource = limits },
        Rig.Pool(Rig.Backend("b", echo.Endpoint)));
}
