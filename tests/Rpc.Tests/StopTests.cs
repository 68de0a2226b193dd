using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>What a stop leaves to finish, and what it cuts off.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task A_unary_call_may_finish_while_new_ones_are_refused()
    {
        await using var sandbox = new Sandbox();
        var service = new EchoService();
        var server = await sandbox.Serve(service, o => o with { StopTimeout = Sandbox.Patience });
        var client = sandbox.Client();
        using var open = client.SayAsync(new StringValue { Value = "until-released" }, Sandbox.Call);
        await service.Held.Task.WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
        var stop = server.StopAsync();
        while (File.Exists(sandbox.Socket))
            await Task.Yield();
        var refused = await Assert.ThrowsAsync<RpcException>(() => sandbox.Say("new"));
        Assert.True(RpcFailure.Of(refused, sandbox.Socket).Unreachable);
        Assert.False(stop.IsCompleted);
        service.Release.SetResult();
        Assert.Equal("until-released", (await open).Value);
        await stop.WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_call_that_does_not_end_is_cut_off_at_the_stops_bound()
    {
        await using var sandbox = new Sandbox();
        var service = new EchoService();
        var server = await sandbox.Serve(service, o => o with { StopTimeout = TimeSpan.FromMilliseconds(200) });
        using var open = sandbox.Client().SayAsync(new StringValue { Value = "until-released" }, Sandbox.Call);
        await service.Held.Task.WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
        await server.StopAsync().WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
        var cut = await Assert.ThrowsAsync<RpcException>(async () => await open);
        Assert.True(RpcFailure.Of(cut, sandbox.Socket).Unreachable, $"{cut.Status}");
        service.Release.SetResult();
    }

    [Fact]
    public async Task A_watcher_is_told_that_the_daemon_stops()
    {
        await using var sandbox = new Sandbox();
        var server = await sandbox.Serve(new EchoService(), o => o with { StopTimeout = Sandbox.Patience });
        using var watch = sandbox.Client().Repeat(new StringValue { Value = "hold" }, Sandbox.Call);
        Assert.True(await watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        // In less than the stop's bound: the stream ends by itself.
        await server.StopAsync().WaitAsync(Sandbox.Patience / 2, TestContext.Current.CancellationToken);
        var end = await Assert.ThrowsAsync<RpcException>(
            () => watch.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(new Status(StatusCode.Unavailable, "the daemon is stopping"), end.Status);
        Assert.Equal(
            new RpcFailure(StatusCode.Unavailable, true, $"{sandbox.Socket}: the daemon is stopping"),
            RpcFailure.Of(end, sandbox.Socket));
        Assert.Empty(sandbox.Log.Lines);
    }

    [Fact]
    public async Task A_conversation_ends_with_the_stop()
    {
        await using var sandbox = new Sandbox();
        var server = await sandbox.Serve(new EchoService());
        using var chat = sandbox.Client().Chat(Sandbox.Call);
        await chat.RequestStream.WriteAsync(new StringValue(), TestContext.Current.CancellationToken);
        Assert.True(await chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        var read = chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
        await server.StopAsync();
        // While the client's half is open HttpClient may see the connection's end before the call's status.
        var end = await Assert.ThrowsAsync<RpcException>(() => read);
        Assert.True(RpcFailure.Of(end, sandbox.Socket).Unreachable, $"{end.Status}");
    }
}
