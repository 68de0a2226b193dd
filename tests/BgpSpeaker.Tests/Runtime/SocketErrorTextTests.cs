using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

public sealed class SocketErrorTextTests
{
    [Theory]
    [InlineData(SocketError.Success, "closed by the peer", TcpFailure.Closed)]
    [InlineData(SocketError.ConnectionRefused, "connection refused", TcpFailure.Refused)]
    [InlineData(SocketError.ConnectionReset, "connection reset by the peer", TcpFailure.Reset)]
    [InlineData(SocketError.TimedOut, "connection timed out", TcpFailure.NoAnswer)]
    [InlineData(SocketError.HostUnreachable, "no route to host", TcpFailure.Unreachable)]
    [InlineData(SocketError.NetworkUnreachable, "network unreachable", TcpFailure.Unreachable)]
    [InlineData(SocketError.AddressNotAvailable, "the local address is not on this node", TcpFailure.Other)]
    [InlineData(SocketError.OperationAborted, "closed", TcpFailure.Other)]
    public void A_socket_error_has_a_phrase_and_a_meaning_for_the_session(
        SocketError error, string text, TcpFailure failure) =>
        Assert.Equal((text, failure), (SocketErrorText.For(error), SocketErrorText.FailureOf(error)));
}
