using AnycastVip.BgpSpeaker.Session;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

// Graceful restart, RFC 4724: as the restarting speaker. We keep no routes of peers, so there is nothing to help with.
public sealed partial class Speaker
{
    /// <summary>
    /// Ends in favour of a successor: peers that agreed on graceful restart see the connection close and keep the
    /// routes, the others get a Cease/2.
    /// </summary>
    /// <param name="reason">RFC 9003 text for the peers, not blank.</param>
    public async Task HandOverAsync(string reason)
    {
        await _lifecycle.WaitAsync();
        try
        {
            // What the peers keep is what they have: it must be what is wanted.
            await WaitForDeliveryAsync(Leases.Routes.Version, WithdrawBound);
            var others = new List<PeerRunner>();
            foreach (var peer in Peers)
            {
                if (await peer.AskAsync(engine => engine.Session is { GracefulRestart: true }))
                    continue;
                others.Add(peer);
                peer.Post(new ManualStop(reason));
            }
            await WaitUntilQuietAsync(others);
            _defaultRoutes.LeaveEverything();
            // Silent, without AdminDown, and the connections close long before that is noticed: FRR keeps the routes of
            // a session whose BFD times out after it has closed, and flushes them when it hears AdminDown.
            _bfd.Dispose();
            await EndEverythingAsync();
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    // Null when this is a first start. Half of the restart time is left for what it took to be started again.
    private TimeSpan? ResumeLeases(SpeakerOptions options)
    {
        if (RestartTimeOf(options) is not { } restartTime || _marker?.Read() is not { } clients)
            return null;
        Leases.Await(clients, StartedAt + restartTime / 2);
        LogRestarted(_log, string.Join(", ", clients), Reasons.Seconds(restartTime / 2));
        return StartedAt;
    }

    // The shortest one: End-of-RIB goes to all peers together.
    private static TimeSpan? RestartTimeOf(SpeakerOptions options) =>
        options.Peers.Select(peer => peer.Session.RestartTime).Min();

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "restarted: peers keep what was announced until {Clients} have declared, or {Bound} have passed")]
    private static partial void LogRestarted(ILogger log, string clients, string bound);
}
