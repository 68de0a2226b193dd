using System.Net.Sockets;
using System.Threading.Channels;
using AnycastVip.Netlink;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// Keeps the kernel's default routes as the peers offer them: the shell of <see cref="DefaultRoutePlan"/>. Its own are
/// known by their protocol, so that those of a predecessor that crashed go; others are never touched.
/// </summary>
internal sealed partial class DefaultRouteKeeper
{
    private const int NoSuchProcess = 3;
    // What else changes routes (an interface that was down for a moment) is put right so often.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, DefaultRouteOffer> _offers = [];
    private readonly HashSet<string> _told = [];
    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly TimeSpan _leftoversUntil;
    private volatile bool _leavesEverything;

    /// <param name="clock">For the intervals.</param>
    /// <param name="log">For what cannot be installed.</param>
    /// <param name="leftoversUntil">
    /// Until when a predecessor's routes stay: after a graceful restart its peers still expect our answers.
    /// </param>
    public DefaultRouteKeeper(TimeProvider clock, ILogger log, TimeSpan leftoversUntil)
    {
        _clock = clock;
        _log = log;
        _leftoversUntil = leftoversUntil;
        _due.Writer.TryWrite(true);
    }

    /// <summary>What a peer offers from now on; null: nothing.</summary>
    public void Offer(string peer, DefaultRouteOffer? offer)
    {
        lock (_offers)
        {
            if (offer is null)
                _offers.Remove(peer);
            else
                _offers[peer] = offer;
        }
        _due.Writer.TryWrite(true);
    }

    /// <summary>Changes nothing from now on: a successor takes the routes over.</summary>
    public void LeaveEverything() => _leavesEverything = true;

    /// <summary>Runs until <paramref name="stop"/>, and does then what is still due.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var goesOn = await FollowAsync(stop);
            using var timeout = new CancellationTokenSource(
                goesOn ? LookInterval : Timeout.InfiniteTimeSpan, _clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
            try
            {
                await _due.Reader.ReadAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                // Time to look again, or to stop.
            }
        }
        using var bound = new CancellationTokenSource(StopBound, _clock);
        await FollowAsync(bound.Token);
    }

    // True when another look is due soon, whoever offers what meanwhile.
    private async Task<bool> FollowAsync(CancellationToken cancel)
    {
        if (_leavesEverything)
            return false;
        var keepsLeftovers = _clock.Now() < _leftoversUntil;
        DefaultRouteOffer[] offers;
        lock (_offers)
            offers = [.. _offers.Values];
        try
        {
            using var socket = NetlinkSocket.Open(groups: 0);
            KernelRoute[] found = [.. await FindAsync(socket, false, cancel), .. await FindAsync(socket, true, cancel)];
            foreach (var step in DefaultRoutePlan.Next(offers, found, keepsLeftovers))
                await DoAsync(socket, step, cancel);
        }
        catch (OperationCanceledException)
        {
            // The last look follows, or there was no time for it.
        }
        catch (SocketException error)
        {
            Tell($"default routes cannot be kept: {SocketErrorText.For(error.SocketErrorCode)}");
        }
        return keepsLeftovers || offers.Length > 0;
    }

    private static async Task<IEnumerable<KernelRoute>> FindAsync(
        NetlinkSocket socket, bool isIPv6, CancellationToken cancel)
    {
        var answer = await socket.AskAsync(sequence => RouteMessages.Dump(sequence, isIPv6), cancel);
        return answer.Messages.Select(RouteMessages.Read).OfType<KernelRoute>();
    }

    private async Task DoAsync(NetlinkSocket socket, RouteStep step, CancellationToken cancel)
    {
        switch (step)
        {
            case InstallRoute install:
                var installed = await socket.AskAsync(
                    sequence => RouteMessages.Install(sequence, install.Route, install.Replaces), cancel);
                if (installed.ErrorNumber != 0)
                    Tell($"{install.Route} cannot be installed: {Words(installed)}");
                else
                    LogInstalled(_log, install.Route, string.Join(", ", install.Route.Hops.Select(hop => hop.Address)));
                break;
            case RemoveRoute remove:
                var removed = await socket.AskAsync(
                    sequence => RouteMessages.Remove(sequence, remove.Route), cancel);
                if (removed.ErrorNumber is not (0 or NoSuchProcess))
                    Tell($"{remove.Route} cannot be removed: {Words(removed)}");
                else
                    LogRemoved(_log, remove.Route);
                break;
            case RefuseRoute refuse:
                Tell($"{refuse.Route} cannot be installed: a route of another program (protocol {refuse.Foreign}) has "
                    + "this metric; choose another one");
                break;
        }
    }

    // The same obstacle is met at each look.
    private void Tell(string obstacle)
    {
        if (_told.Add(obstacle))
            LogObstacle(_log, obstacle);
    }

    private static string Words(NetlinkAnswer answer) =>
        answer.ErrorText.Length > 0 ? answer.ErrorText : $"errno {answer.ErrorNumber}";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Route} installed via {NextHops}")]
    private static partial void LogInstalled(ILogger log, KernelRoute route, string nextHops);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Route} removed")]
    private static partial void LogRemoved(ILogger log, KernelRoute route);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Obstacle} (told once)")]
    private static partial void LogObstacle(ILogger log, string obstacle);
}
