using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>What the simulator found, each as small as it can be.</summary>
public sealed class FoundBySimulationTests
{
    private static readonly LocalEnd Local = new(
        IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"), IPAddress.Parse("192.0.2.1"), null);

    private static readonly PeerSettings Settings = new()
    {
        LocalAs = 65001,
        PeerAs = 65002,
        BgpIdentifier = 1,
        HoldTime = TimeSpan.FromSeconds(3),
        Passive = true,
    };

    private readonly byte[] _buffer = new byte[4 * MessageSize.Maximum];
    private readonly PeerEngine _engine = new(
        new PeerProfile("peer", Settings, null, null, RouteAttributes.None), seed: 1, TimeSpan.Zero);

    [Fact]
    public void Keepalives_do_not_pile_up_while_the_peer_takes_nothing()
    {
        var connection = Establish();
        var before = _engine.Status().Sent.KeepAlive;
        for (var second = 1; second <= 60; second++)
        {
            var now = TimeSpan.FromSeconds(second);
            Receive(connection, Keepalive(), now);
            _engine.Handle(new TimersDue(), now);
        }
        Assert.Equal(1, Assert.Single(_engine.Connections).QueuedMessages);
        Assert.Equal(before + 1, _engine.Status().Sent.KeepAlive);
    }

    [Fact]
    public void Route_refreshes_without_routes_do_not_delay_the_keepalive()
    {
        var connection = Establish();
        var due = _engine.NextDeadline;
        var now = TimeSpan.FromSeconds(0.5);
        var request = new byte[MessageSize.RouteRefresh];
        MessageEncoder.EncodeRouteRefresh(request, Family.IPv4Unicast, RouteRefreshSubtype.Request);
        Receive(connection, request, now);
        Assert.Equal(2 * MessageSize.RouteRefresh, _engine.TakeOutput(connection, _buffer, now));
        Assert.Equal(due, _engine.NextDeadline);
    }

    [Fact]
    public void A_connection_that_the_peer_forgot_is_found_out_by_tcp_keepalive()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndPoint!);
        using var peerSocket = new PeerSocket(new ConnectionId(1), socket, Local);
        Assert.NotEqual(0, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
        Assert.Equal(15, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime));
        Assert.Equal(5, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval));
        Assert.Equal(3, socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount));
    }

    private static byte[] Keepalive()
    {
        var message = new byte[MessageSize.Header];
        MessageEncoder.EncodeKeepAlive(message);
        return message;
    }

    // Up, with everything written that is due at the start.
    private ConnectionId Establish()
    {
        _engine.Handle(new ManualStart(), TimeSpan.Zero);
        var connection = _engine.Accepted(Local, TimeSpan.Zero);
        var peer = Settings with { LocalAs = Settings.PeerAs, PeerAs = Settings.LocalAs, BgpIdentifier = 2 };
        Receive(connection, OpenEncoder.Encode(Negotiation.BuildOpen(peer)), TimeSpan.Zero);
        Receive(connection, Keepalive(), TimeSpan.Zero);
        Assert.True(_engine.TakeOutput(connection, _buffer, TimeSpan.Zero) > 0);
        Assert.Equal(connection, _engine.Established);
        return connection;
    }

    private void Receive(ConnectionId connection, ReadOnlySpan<byte> octets, TimeSpan now) =>
        _engine.Received(connection, octets, now);
}
