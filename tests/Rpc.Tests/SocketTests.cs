using System.Net.Sockets;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>Who may have the socket's path, and what is left of it afterwards.</summary>
public sealed class SocketTests
{
    private const UnixFileMode OwnerAndGroup =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    [Fact]
    public async Task The_caller_is_known_by_its_user()
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());

        Assert.Equal(Environment.UserName, await sandbox.Say("user"));
    }

    [Fact]
    public async Task The_socket_file_has_the_mode_asked_for_and_is_gone_after_the_stop()
    {
        await using var sandbox = new Sandbox();
        var server = await sandbox.Serve(new EchoService());
        Assert.Equal(OwnerAndGroup, File.GetUnixFileMode(sandbox.Socket));
        await server.DisposeAsync();
        Assert.False(File.Exists(sandbox.Socket));
        await sandbox.Serve(new EchoService(), o => o with { SocketMode = UnixFileMode.UserWrite });
        Assert.Equal(UnixFileMode.UserWrite, File.GetUnixFileMode(sandbox.Socket));
    }

    [Fact]
    public async Task A_live_server_is_never_replaced()
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        var refusal = await Assert.ThrowsAsync<SocketClaimException>(() => sandbox.Serve(new EchoService()));
        Assert.Equal(sandbox.Socket, refusal.Path);
        Assert.Contains("another process serves here", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("still here", await sandbox.Say("still here"));
    }

    [Fact]
    public async Task A_path_that_is_given_up_goes_to_a_successor_without_a_moment_of_silence()
    {
        await using var sandbox = new Sandbox();
        var old = await sandbox.Serve(new EchoService());
        using var end = new CancellationTokenSource();
        var calls = 0;
        // Each on a connection of its own.
        var calling = Task.Run(
            async () =>
            {
                for (; !end.IsCancellationRequested; Volatile.Write(ref calls, calls + 1))
                    Assert.Equal("hello", await sandbox.Say("hello"));
            },
            TestContext.Current.CancellationToken);
        await More();
        old.GiveUpPath();
        await sandbox.Serve(new EchoService());
        await More();
        await old.DisposeAsync();
        await More();

        await end.CancelAsync();
        await calling;
        Assert.True(File.Exists(sandbox.Socket));
        Assert.Equal(Environment.ProcessId, PeerCredentials.ListenerOf(sandbox.Socket));

        Task More()
        {
            var before = Volatile.Read(ref calls);
            return Poll.Until(
                () => Volatile.Read(ref calls), count => count > before + 2, Sandbox.Patience, "calls were answered");
        }
    }

    [Fact]
    public void Nobody_listens_on_a_path_without_a_socket()
    {
        Assert.Null(PeerCredentials.ListenerOf("/nonexistent/vipd.sock"));
        Assert.False(PeerCredentials.IsListenedOn("/nonexistent/vipd.sock"));
    }

    // A hung process was taken for one that is gone once its backlog was full.
    [Fact]
    public async Task A_process_that_accepts_nothing_more_still_listens()
    {
        await using var sandbox = new Sandbox();
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(sandbox.Socket));
        hung.Listen(0);
        Assert.Equal(Environment.ProcessId, PeerCredentials.ListenerOf(sandbox.Socket));
        // That connection fills a backlog of zero.
        Assert.Null(PeerCredentials.ListenerOf(sandbox.Socket));
        Assert.True(PeerCredentials.IsListenedOn(sandbox.Socket));
        hung.Dispose();
        Assert.False(PeerCredentials.IsListenedOn(sandbox.Socket));
    }

    [Fact]
    public async Task A_dead_servers_left_over_socket_is_replaced()
    {
        await using var sandbox = new Sandbox();
        // A process that dies without closing leaves its file; a socket bound under another name and moved does too.
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(sandbox.Socket + ".bound"));
            File.Move(sandbox.Socket + ".bound", sandbox.Socket);
        }

        Assert.True(File.Exists(sandbox.Socket));
        await sandbox.Serve(new EchoService());
        Assert.Equal("hello", await sandbox.Say("hello"));
    }

    [Fact]
    public async Task A_file_that_is_no_socket_is_not_replaced()
    {
        await using var sandbox = new Sandbox();
        await File.WriteAllTextAsync(sandbox.Socket, "precious", TestContext.Current.CancellationToken);
        var refusal = await Assert.ThrowsAsync<SocketClaimException>(() => sandbox.Serve(new EchoService()));
        Assert.Contains("not a socket", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(sandbox.Socket, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("missing/echo.sock", "its directory does not exist")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
        "longer than the 106 octets")]
    public async Task An_unusable_path_is_refused_with_its_remedy(string name, string reason)
    {
        await using var sandbox = new Sandbox();
        var path = Path.Combine(Path.GetDirectoryName(sandbox.Socket)!, name);
        var refusal = await Assert.ThrowsAsync<SocketClaimException>(
            () => sandbox.Serve(new EchoService(), o => o with { SocketPath = path }));
        Assert.StartsWith(path, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_socket_is_unreachable_and_says_so()
    {
        await using var sandbox = new Sandbox();
        var error = await Assert.ThrowsAsync<RpcException>(() => sandbox.Say("hello"));
        var failure = RpcFailure.Of(error, sandbox.Socket);
        Assert.Equal(
            (true, $"{sandbox.Socket}: no such socket; start vipd, or name the directory that it serves in"),
            (failure.Unreachable, failure.Line));
    }

    [Fact]
    public async Task A_socket_on_which_nobody_listens_is_unreachable_and_says_so()
    {
        await using var sandbox = new Sandbox();
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(sandbox.Socket));
        var error = await Assert.ThrowsAsync<RpcException>(() => sandbox.Say("hello"));
        var failure = RpcFailure.Of(error, sandbox.Socket);
        Assert.Equal(
            (true, $"{sandbox.Socket}: nobody listens on this socket; start vipd"),
            (failure.Unreachable, failure.Line));
    }

    [Fact]
    public async Task A_daemon_that_accepts_nothing_is_unreachable_and_says_so()
    {
        await using var sandbox = new Sandbox();
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(sandbox.Socket));
        hung.Listen(0);
        // One connection fills a backlog of zero.
        using var first = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await first.ConnectAsync(new UnixDomainSocketEndPoint(sandbox.Socket), TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<RpcException>(() => sandbox.Say("hello"));
        var failure = RpcFailure.Of(error, sandbox.Socket);
        Assert.Equal(
            (true, $"{sandbox.Socket}: the daemon accepts no connections; it may be hung"),
            (failure.Unreachable, failure.Line));
    }

    [Fact]
    public async Task A_daemon_that_hangs_is_unreachable_once_its_PING_is_overdue()
    {
        await using var sandbox = new Sandbox();
        using var hung = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        hung.Bind(new UnixDomainSocketEndPoint(sandbox.Socket));
        hung.Listen();
        var second = TimeSpan.FromSeconds(1);
        var options = new RpcChannelOptions { KeepAlivePingDelay = second, KeepAlivePingTimeout = second };
        var error = await Assert.ThrowsAsync<RpcException>(() => sandbox.Say("hello", options));
        var failure = RpcFailure.Of(error, sandbox.Socket);
        Assert.Equal(
            (true, $"{sandbox.Socket}: the connection broke; see whether vipd runs and answers"),
            (failure.Unreachable, failure.Line));
    }
}
