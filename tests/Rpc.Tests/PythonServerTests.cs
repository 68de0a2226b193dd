using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>Debian's python3-grpcio as the server of our client.</summary>
public sealed class PythonServerTests
{
    [Theory]
    [InlineData("plain")]
    [InlineData("gzip")]
    public async Task Each_kind_of_call_gives_its_answers(string compression)
    {
        await using var sandbox = new Sandbox();
        await Serve(sandbox, compression);
        var client = sandbox.Client();
        var text = new string('y', 100_000);
        Assert.Equal(text, (await client.SayAsync(Text(text), Sandbox.Call)).Value);
        using var repeat = client.Repeat(Text("4"), Sandbox.Call);
        Assert.Equal(["0", "1", "2", "3"], await Rest(repeat.ResponseStream));
        using var collect = client.Collect(Sandbox.Call);
        await collect.RequestStream.WriteAsync(Text("a"), TestContext.Current.CancellationToken);
        await collect.RequestStream.WriteAsync(Text("b"), TestContext.Current.CancellationToken);
        await collect.RequestStream.CompleteAsync();
        Assert.Equal("a,b", (await collect).Value);
    }

    [Fact]
    public async Task A_closed_half_leaves_the_other_open()
    {
        await using var sandbox = new Sandbox();
        await Serve(sandbox);
        using var chat = sandbox.Client().Chat(Sandbox.Call);
        await chat.RequestStream.WriteAsync(Text("a"), TestContext.Current.CancellationToken);
        Assert.True(await chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal("a", chat.ResponseStream.Current.Value);
        await chat.RequestStream.CompleteAsync();
        Assert.Equal(["bye"], await Rest(chat.ResponseStream));
    }

    [Theory]
    [InlineData("fail:5:no peer tör1 ✓ 100%", StatusCode.NotFound, "no peer tör1 ✓ 100%")]
    [InlineData("fail:8:too many", StatusCode.ResourceExhausted, "too many")]
    [InlineData("size:5000000", StatusCode.ResourceExhausted,
        "Received message exceeds the maximum configured message size.")]
    public async Task An_error_arrives_with_its_code_and_text(string text, StatusCode code, string detail)
    {
        await using var sandbox = new Sandbox();
        await Serve(sandbox);
        var client = sandbox.Client();
        var unary = await Assert.ThrowsAsync<RpcException>(
            async () => await client.SayAsync(Text(text), Sandbox.Call));
        Assert.Equal((code, detail), (unary.StatusCode, unary.Status.Detail));
        using var stream = client.Repeat(Text(text), Sandbox.Call);
        var streamed = await Assert.ThrowsAsync<RpcException>(() => Rest(stream.ResponseStream));
        Assert.Equal((code, detail), (streamed.StatusCode, streamed.Status.Detail));
        Assert.Equal(new RpcFailure(code, false, detail), RpcFailure.Of(unary, sandbox.Socket));
    }

    [Fact]
    public async Task A_deadline_ends_the_call_at_both_ends()
    {
        await using var sandbox = new Sandbox();
        var server = await Serve(sandbox);
        var soon = Sandbox.Call.WithDeadline(TimeProvider.System.GetUtcNow().AddMilliseconds(300).UtcDateTime);
        var error = await Assert.ThrowsAsync<RpcException>(
            async () => await sandbox.Client().SayAsync(Text("wait"), soon));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.Contains("may be hung", RpcFailure.Of(error, sandbox.Socket).Line, StringComparison.Ordinal);
        Assert.Equal("cancelled", await server.ReadLine());
    }

    [Fact]
    public async Task A_cancelled_stream_is_cancelled_at_the_server()
    {
        await using var sandbox = new Sandbox();
        var server = await Serve(sandbox);
        using var cancel = new CancellationTokenSource();
        using var stream = sandbox.Client().Repeat(Text("hold"), Sandbox.Call.WithCancellationToken(cancel.Token));
        Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        await cancel.CancelAsync();
        Assert.Equal("cancelled", await server.ReadLine());
        var error = await Assert.ThrowsAsync<RpcException>(() => Rest(stream.ResponseStream));
        Assert.Equal(StatusCode.Cancelled, error.StatusCode);
    }

    [Fact]
    public async Task After_GOAWAY_the_open_stream_goes_on_and_new_calls_find_the_next_server()
    {
        await using var sandbox = new Sandbox();
        var old = await Serve(sandbox);
        var client = sandbox.Client();
        using var chat = client.Chat(Sandbox.Call);
        await chat.RequestStream.WriteAsync(Text("before"), TestContext.Current.CancellationToken);
        Assert.True(await chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        await old.WriteLine("stop");
        // The server has stopped listening once its socket's file is gone.
        while (File.Exists(sandbox.Socket))
            await Task.Yield();
        await Serve(sandbox);
        var answer = await client.SayAsync(Text("new"), Sandbox.Call);
        Assert.Equal("new", answer.Value);
        await chat.RequestStream.WriteAsync(Text("after"), TestContext.Current.CancellationToken);
        await chat.RequestStream.CompleteAsync();
        Assert.Equal(["after", "bye"], await Rest(chat.ResponseStream));
        Assert.Equal("stopped", await old.ReadLine());
    }

    private static StringValue Text(string text) => new() { Value = text };

    private static async Task<PythonPeer> Serve(Sandbox sandbox, params string[] arguments)
    {
        var server = sandbox.Keep(PythonPeer.Start("server.py", [sandbox.Socket, .. arguments]));
        Assert.Equal("serving", await server.ReadLine());
        return server;
    }

    private static async Task<List<string>> Rest(IAsyncStreamReader<StringValue> stream)
    {
        var texts = new List<string>();
        await foreach (var text in stream.ReadAllAsync(TestContext.Current.CancellationToken))
            texts.Add(text.Value);
        return texts;
    }
}
