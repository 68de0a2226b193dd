using System.Net;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests.Api;

public sealed class ListenerBoardTests
{
    [Theory]
    [InlineData(null, false, ListenerState.Listening)]
    [InlineData(null, true, ListenerState.Full)]
    [InlineData(999, true, ListenerState.Full)]
    [InlineData(1000, true, ListenerState.Starved)]
    public void Fault_23_a_listener_that_cannot_accept_for_a_second_is_starved(
        int? milliseconds, bool isFull, ListenerState expected)
    {
        var endpoint = new IPEndPoint(IPAddress.Loopback, 80);
        var table = new Engine.ProxyTable { Listeners = [new() { Endpoint = endpoint, Pool = "pool" }] };
        var snapshot = new ListenerSnapshot(endpoint, 0, 0, 0, 0, 0, 0, 0, 0, 0, isFull)
        {
            StarvedFor = milliseconds * TimeSpan.FromMilliseconds(1),
        };

        var listener = new ListenerBoard()
            .List(table, new Dictionary<IPEndPoint, string>(), [snapshot], DateTimeOffset.UnixEpoch).Single();

        Assert.Equal(expected, listener.State);
        Assert.Equal(expected == ListenerState.Starved, listener.Reason.Contains("descriptor"));
    }
}
