using System.Globalization;

namespace AnycastVip.Rpc.Tests;

/// <summary>Debian's python3-grpcio as the client of our server.</summary>
public sealed class PythonClientTests
{
    private const string Say = "/anycastvip.test.Echo/Say";
    private const string Repeat = "/anycastvip.test.Echo/Repeat";
    private const string Chat = "/anycastvip.test.Echo/Chat";
    private const string Check = "/grpc.health.v1.Health/Check";
    private const string Watch = "/grpc.health.v1.Health/Watch";
    private const string Serving = "OK 1";
    private const string NotServing = "OK 2";

    [Theory]
    [InlineData(Say, "hello", "OK hello")]
    [InlineData(Say, "", "OK")]
    [InlineData("/anycastvip.test.Echo/Collect", "a b c", "OK a,b,c")]
    [InlineData(Repeat, "4", "OK 0,1,2,3")]
    [InlineData(Repeat, "0", "OK")]
    [InlineData(Chat, "a b", "OK a,b,bye")]
    [InlineData(Say, "fail:5:no-peer-tör1-✓-100%", "NOT_FOUND no-peer-tör1-✓-100%")]
    [InlineData(Repeat, "fail:9:not-now", "FAILED_PRECONDITION not-now")]
    [InlineData(Chat, "a fail:10:taken-over", "ABORTED taken-over")]
    [InlineData(Say, "throw", "INTERNAL internal error; the daemon's log has the details")]
    [InlineData(Repeat, "throw", "INTERNAL internal error; the daemon's log has the details")]
    [InlineData("/anycastvip.test.Echo/Unknown", "x", "UNIMPLEMENTED Method is unimplemented.")]
    public async Task Each_kind_of_call_ends_as_the_service_says(string method, string texts, string expected)
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        Assert.Equal(expected, (await client.Call(method, texts.Split(' '))).ToString());
    }

    [Fact]
    public async Task A_bug_is_logged_and_its_text_does_not_reach_the_client()
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        var answer = await client.Call(Say, "throw");
        Assert.DoesNotContain("secret", answer.Details, StringComparison.Ordinal);
        Assert.Equal(["Error: /anycastvip.test.Echo/Say failed a secret of the daemon"], sandbox.Log.Lines);
    }

    [Fact]
    public async Task A_deadline_ends_the_call_at_both_ends()
    {
        await using var sandbox = new Sandbox();
        var service = new EchoService();
        await sandbox.Serve(service);
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        var answer = await client.Do(new Command("call", Say, ["wait"]) { Timeout = 0.3 });
        Assert.Equal("DEADLINE_EXCEEDED", answer.Code);
        await service.Cancelled.WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_cancelled_stream_is_cancelled_in_the_service()
    {
        await using var sandbox = new Sandbox();
        var service = new EchoService();
        await sandbox.Serve(service);
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        await client.Do(new Command("open", Repeat, ["hold"]));
        Assert.Equal("OK held", (await client.Do(new Command("next"))).ToString());
        Assert.False(service.Cancelled.IsCompleted);
        await client.Do(new Command("cancel"));
        await service.Cancelled.WaitAsync(Sandbox.Patience, TestContext.Current.CancellationToken);
        Assert.Equal("CANCELLED", (await client.Do(new Command("next"))).Code);
    }

    [Fact]
    public async Task A_stop_ends_open_streams_as_unavailable_and_the_channel_finds_the_next_server()
    {
        await using var sandbox = new Sandbox();
        var server = await sandbox.Serve(new EchoService());
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        await client.Do(new Command("open", Repeat, ["hold"]));
        Assert.Equal("OK held", (await client.Do(new Command("next"))).ToString());
        await server.DisposeAsync();
        Assert.Equal("UNAVAILABLE", (await client.Do(new Command("next"))).Code);
        await sandbox.Serve(new EchoService());
        // Python's client reads nothing between calls: its next one may still meet the old connection's end.
        var again = await client.Call(Say, "again");
        if (again.Code == "UNAVAILABLE")
            again = await client.Call(Say, "again");
        Assert.Equal("OK again", again.ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_may_have_four_megabytes_and_not_more(bool compress)
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        // Four octets of tag and length come on top; compressed, either message has a few kilobytes on the wire.
        var fits = new Command("call", Chat, ["x"]) { Repeat = (4 << 20) - 16, Compress = compress };
        var tooLarge = fits with { Repeat = 8 << 20 };
        Assert.Equal("RESOURCE_EXHAUSTED", (await client.Do(tooLarge)).Code);
        var answer = await client.Do(fits);
        Assert.Equal(("OK", fits.Repeat), (answer.Code, answer.Texts[0].Length));
        var size = (5 << 20).ToString(CultureInfo.InvariantCulture);
        Assert.Equal("RESOURCE_EXHAUSTED", (await client.Call(Say, $"size:{size}")).Code);
    }

    [Fact]
    public async Task Health_is_answered_and_watched()
    {
        await using var sandbox = new Sandbox();
        var server = await sandbox.Serve(new EchoService());
        var client = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        Assert.Equal(Serving, (await client.Call(Check, "")).ToString());
        Assert.Equal("NOT_FOUND", (await client.Call(Check, "anycastvip.test.Echo")).Code);
        server.SetServing("anycastvip.test.Echo", false);
        Assert.Equal(NotServing, (await client.Call(Check, "anycastvip.test.Echo")).ToString());
        await client.Do(new Command("open", Watch, ["anycastvip.test.Echo"]));
        Assert.Equal(NotServing, (await client.Do(new Command("next"))).ToString());
        server.SetServing("anycastvip.test.Echo", true);
        Assert.Equal(Serving, (await client.Do(new Command("next"))).ToString());
        await server.DisposeAsync();
        Assert.Empty((await client.Do(new Command("next"))).Texts);
    }
}
