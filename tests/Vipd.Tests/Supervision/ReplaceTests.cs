using AnycastVip.Rpc;
using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;
using AnycastVip.Vipd.Tests.Processes;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>The real <c>vipd run</c>, whose proxy is replaced by another process.</summary>
public sealed class ReplaceTests : IDisposable
{
    private const string Ready = "all processes answer on their sockets";
    private const string TakenOver = "another process has taken over";

    private readonly TemporaryDirectory _directory = new();

    private string Socket => Path.Combine(_directory.FullName, "proxy.sock");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task SIGUSR2_replaces_the_proxy_which_ends_in_order()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        run.Send(SignalNumber.SIGUSR2);
        await run.Logged($"proxy: ended (pid {run.Proxies[0]}) with exit code 0");

        Assert.Single(run.Find("info proxy: ", TakenOver));
        Assert.Equal(run.Proxies[1], PeerCredentials.ListenerOf(Socket));
        Assert.Empty(run.Find("proxy: restart in"));
        Assert.DoesNotContain(
            Directory.EnumerateFiles(_directory.FullName), path => Path.GetFileName(path).StartsWith("proxy-"));
        run.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await run.End());
    }

    [Fact]
    public async Task A_proxy_that_is_killed_before_it_has_taken_over_leaves_the_other_one_in_charge()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        run.Send(SignalNumber.SIGUSR2);
        await Poll.Until(() => run.Proxies.Count, count => count == 2, VipdProcess.Patience, "the second has started");
        Signal.Send(run.Proxies[1], SignalNumber.SIGKILL);
        await run.Logged($"proxy: ended (pid {run.Proxies[1]}) with signal 9");

        Assert.Equal(run.Proxies[0], PeerCredentials.ListenerOf(Socket));
        // And it can be tried again.
        run.Send(SignalNumber.SIGUSR2);
        await run.Logged(TakenOver);
        Assert.Empty(run.Find("proxy: restart in"));
        run.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await run.End());
    }

    [Fact]
    public async Task A_proxy_that_is_killed_while_another_one_takes_over_has_that_as_its_successor_or_a_third()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);

        run.Send(SignalNumber.SIGUSR2);
        await Poll.Until(() => run.Proxies.Count, count => count == 2, VipdProcess.Patience, "the second has started");
        Signal.Send(run.Proxies[0], SignalNumber.SIGKILL);
        await run.Logged($"proxy: ended (pid {run.Proxies[0]}) with signal 9");

        await Poll.Until(
            () => PeerCredentials.ListenerOf(Socket),
            process => process is { } id && run.Proxies.Skip(1).Contains(id),
            VipdProcess.Patience,
            "one of the others is in charge");
        run.Send(SignalNumber.SIGTERM);
        await run.End();
    }

    [Fact]
    public async Task A_proxy_that_is_killed_after_it_has_taken_over_is_started_again()
    {
        using var run = new VipdRun(_directory.FullName);
        await run.Logged(Ready);
        run.Send(SignalNumber.SIGUSR2);
        await run.Logged(TakenOver);

        Signal.Send(run.Proxies[1], SignalNumber.SIGKILL);
        await run.Logged("proxy: restart in 100 ms");

        await Poll.Until(
            () => run.Proxies.Count == 3 && PeerCredentials.ListenerOf(Socket) == run.Proxies[2],
            isThere => isThere,
            VipdProcess.Patience,
            "a third one is in charge");
        run.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await run.End());
    }
}
