using System.Net;
using System.Net.Sockets;
using AnycastVip.Proxy.Balancing;

namespace AnycastVip.Proxy.Tests;

/// <summary>What the algorithms go by reaches them from real connections.</summary>
public sealed class BalanceEngineTests : IDisposable
{
    private readonly Rig _rig = new();
    private TimeSpan _answer;

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(BalanceAlgorithm.SourceHash)]
    [InlineData(BalanceAlgorithm.Maglev)]
    public async Task Each_source_gets_the_backend_that_the_algorithm_gives_its_address(BalanceAlgorithm algorithm)
    {
        var backends = Enumerable.Range(0, 4).Select(_ => _rig.Listen()).ToArray();
        var pool = Of(algorithm, backends);
        var expected = Pools.Of(pool);
        var endpoint = _rig.Open(pool);
        for (byte i = 1; i <= 20; i++)
        {
            var source = new IPAddress([127, 9, 9, i]);
            var chosen = expected.Reserve([], default, source: Pools.Source($"{source}"))!;
            for (var again = 0; again < 2; again++)
            {
                await ConnectFrom(source, endpoint);
                await _rig.Accept(backends[chosen.Slot]);
            }
        }
    }

    [Fact]
    public async Task Least_response_time_prefers_the_backend_whose_first_octet_comes_sooner()
    {
        var (fast, slow) = (_rig.Listen(), _rig.Listen());
        var endpoint = _rig.Open(Of(BalanceAlgorithm.LeastResponseTime, fast, slow));
        using var echo = new EchoServer(fast);
        await AssertAnswered(endpoint);
        // The other one is tried now, for it is not known yet.
        var (client, server) = await _rig.Pair(endpoint, slow);
        var start = TimeProvider.System.GetTimestamp();
        await client.Write("?"u8.ToArray());
        await Poll.Until(
            () => TimeProvider.System.GetElapsedTime(start), elapsed => elapsed > 20 * _answer, Rig.Patience, "late");
        await server.Write("!"u8.ToArray());
        await client.Read(1);
        client.Reset();
        await _rig.Quiet();
        for (var i = 0; i < 20; i++)
            await AssertAnswered(endpoint);
        Assert.Equal((21, 1), (_rig.Count("b0").Connected, _rig.Count("b1").Connected));
    }

    private static PoolSpec Of(BalanceAlgorithm algorithm, params IEnumerable<Socket> backends) =>
        Rig.Pool([.. backends.Select((backend, i) => Rig.Backend($"b{i}", backend.EndPoint()))])
            with { Balance = algorithm };

    private static async Task ConnectFrom(IPAddress source, IPEndPoint endpoint)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Bind(new IPEndPoint(source, 0));
        await client.ConnectAsync(endpoint, Rig.Cancellation);
    }

    private async Task AssertAnswered(IPEndPoint endpoint)
    {
        var start = TimeProvider.System.GetTimestamp();
        var client = await _rig.Connect(endpoint);
        await client.Write("?"u8.ToArray());
        Assert.Single(await client.Read(1));
        _answer = TimeProvider.System.GetElapsedTime(start);
        client.Reset();
        await _rig.Quiet();
    }
}
