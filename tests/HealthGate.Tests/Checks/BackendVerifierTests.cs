using System.Net;
using System.Net.Sockets;
using AnycastVip.HealthGate.Checks;

namespace AnycastVip.HealthGate.Tests.Checks;

public sealed class BackendVerifierTests
{
    [Fact]
    public async Task Backend_that_accepts_is_connected_and_then_reset()
    {
        var end = new TaskCompletionSource<SocketError>();
        await using var server = new TargetServer(async (stream, stop) =>
        {
            var error = await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[1], stop).AsTask());
            end.SetResult(((SocketException)error.InnerException!).SocketErrorCode);
        });

        Assert.Equal(Verification.Connected, await VerifyAsync(server.EndPoint));
        Assert.Equal(SocketError.ConnectionReset, await end.Task.WaitAsync(
            CheckRun.Patience, TimeProvider.System, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Backend_where_nobody_listens_is_refused() =>
        Assert.Equal(Verification.Refused, await VerifyAsync(TargetServer.Refusing()));

    [Fact]
    public async Task Backend_that_died_with_connections_in_TIME_WAIT_is_refused_at_once()
    {
        using var space = NetworkNamespace.Create();
        var target = space.LeaveTimeWait();

        var verifying = space.Run(() => VerifyAsync(target));

        Assert.True(verifying.IsCompleted);
        Assert.Equal(Verification.Refused, await verifying);
        Assert.Equal(0, space.Retransmitted());
    }

    [Fact]
    public async Task Backend_that_does_not_answer_has_failed_when_its_time_is_over()
    {
        // A full accept queue: the kernel drops what comes then.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var target = (IPEndPoint)listener.LocalEndPoint!;
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(target, TestContext.Current.CancellationToken);
        var clock = new FakeClock();

        var verifying = BackendVerifier.VerifyAsync(target, TimeSpan.FromSeconds(1), clock);
        clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(verifying.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(Verification.Failed, await verifying);
    }

    [Fact]
    public async Task Address_that_cannot_be_reached_is_not_a_refusal() =>
        Assert.Equal(Verification.Failed, await VerifyAsync(new(IPAddress.Broadcast, 80)));

    private static Task<Verification> VerifyAsync(IPEndPoint target) =>
        BackendVerifier.VerifyAsync(target, CheckRun.Patience, TimeProvider.System);
}
