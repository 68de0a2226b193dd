using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>Says in the words of the trade why a socket failed.</summary>
internal static class SocketErrorText
{
    /// <summary>
    /// One short phrase, for logs and views; <see cref="SocketError.Success"/> is an end without an error.
    /// </summary>
    public static string For(SocketError error) => error switch
    {
        SocketError.Success => "closed by the peer",
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by the peer",
        SocketError.TimedOut => "connection timed out",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.AddressNotAvailable => "the local address is not on this node",
        SocketError.AccessDenied => "not permitted (a firewall rule, or a missing capability)",
        SocketError.ProtocolOption => "the kernel lacks a socket option that the configuration asks for",
        SocketError.InvalidArgument => "no such interface, or an address that cannot be used there",
        SocketError.Shutdown or SocketError.ConnectionAborted => "connection aborted",
        SocketError.OperationAborted => "closed",
        _ => error.ToString(),
    };

    /// <summary>The same for the session machine.</summary>
    public static TcpFailure FailureOf(SocketError error) => error switch
    {
        SocketError.Success => TcpFailure.Closed,
        SocketError.ConnectionRefused => TcpFailure.Refused,
        SocketError.ConnectionReset => TcpFailure.Reset,
        SocketError.TimedOut => TcpFailure.NoAnswer,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => TcpFailure.Unreachable,
        _ => TcpFailure.Other,
    };
}
