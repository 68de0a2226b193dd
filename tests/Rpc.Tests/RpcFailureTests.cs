using System.Net.Sockets;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>The line that a person reads, for failures that no test can make as root or without luck.</summary>
public sealed class RpcFailureTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable, SocketError.AccessDenied, true,
        "S: permission denied; run as root or as a member of the socket's group")]
    [InlineData(StatusCode.Unavailable, SocketError.ConnectionReset, true,
        "S: the connection broke; see whether vipd runs and answers")]
    [InlineData(StatusCode.Internal, SocketError.ConnectionReset, true,
        "S: the connection broke; see whether vipd runs and answers")]
    [InlineData(StatusCode.Internal, null, false, "detail")]
    [InlineData(StatusCode.Unimplemented, null, false, "detail")]
    [InlineData(StatusCode.DeadlineExceeded, null, false,
        "S: no answer within the time given; the daemon may be hung")]
    public void A_status_becomes_a_line_with_its_remedy(
        StatusCode code, SocketError? cause, bool unreachable, string line)
    {
        var exception = cause is { } error
            ? new HttpRequestException("wrapped", new SocketException((int)error))
            : null;
        var failure = RpcFailure.Of(new RpcException(new Status(code, "detail", exception)), "S");
        Assert.Equal(new RpcFailure(code, unreachable, line), failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Service is unimplemented.")]
    [InlineData("Method is unimplemented.")]
    public void A_call_that_the_daemon_does_not_know_hints_at_its_version(string detail)
    {
        var failure = RpcFailure.Of(new RpcException(new Status(StatusCode.Unimplemented, detail)), "S");
        Assert.Equal("S: the daemon does not know this call; is it of another version?", failure.Line);
    }

    [Fact]
    public void A_status_without_text_is_named()
    {
        var failure = RpcFailure.Of(new RpcException(new Status(StatusCode.DataLoss, "")), "S");
        Assert.Equal("the call failed: DataLoss", failure.Line);
    }
}
