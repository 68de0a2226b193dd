using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

// Another configuration for a speaker that runs.
public sealed partial class Speaker
{
    /// <summary>
    /// Takes another configuration once started, and changes what differs, and nothing else: a peer that did not
    /// change keeps its session. A peer of the same name is the same peer.
    /// </summary>
    /// <remarks>
    /// What the node is to all of its peers (name, AS number, router id) and where it listens stays until a restart.
    /// A peer that an operator has taken down stays down, unless its <see cref="PeerOptions.Shutdown"/> changed.
    /// </remarks>
    /// <returns>Every difference with what it did; empty when there was none.</returns>
    public async Task<IReadOnlyList<SpeakerChange>> ReconfigureAsync(SpeakerOptions options)
    {
        await _lifecycle.WaitAsync();
        try
        {
            var plan = new ReconfigurationPlan(Options, options);
            if (plan.Changes.Count > 0)
                await ApplyAsync(plan);
            return plan.Changes;
        }
        finally
        {
            _lifecycle.Release();
        }
    }

    private async Task ApplyAsync(ReconfigurationPlan plan)
    {
        var before = Options;
        // First: what is not allowed any more goes at once, however long a peer takes to end.
        Leases.Reconfigure(plan.Options);
        foreach (var peer in plan.Adjusted)
            Adjust(RunnerOf(peer.Name), peer, ReconfigurationPlan.Find(before, peer.Name)!);
        var started = new Dictionary<string, PeerRunner>();
        foreach (var peer in plan.Started)
            started.Add(peer.Name, NewPeer(peer, await IsToStartAsync(peer, before)));

        var kept = plan.Options.Peers.Select(peer => peer.Name).Except(started.Keys).ToHashSet();
        var leaving = Peers.Where(peer => !kept.Contains(peer.Options.Name)).ToArray();
        foreach (var peer in leaving)
            Leave(peer, isRemoved: !started.ContainsKey(peer.Options.Name));
        await WaitUntilQuietAsync(leaving);

        Volatile.Write(ref _options, plan.Options);
        Volatile.Write(ref _peers, plan.Options.Peers
            .Select(peer => started.GetValueOrDefault(peer.Name) ?? RunnerOf(peer.Name))
            .ToArray());
        foreach (var peer in leaving)
            await EndAsync(peer);
        FollowKeys();
        // The routes may have changed between the making of a new peer and its place in the list.
        Leases.Republish();
        foreach (var peer in started.Values)
            Run(peer);
        Changes.Pulse();
    }

    private static void Adjust(PeerRunner runner, PeerOptions options, PeerOptions before)
    {
        runner.Reconfigure(options);
        if (options.Shutdown != before.Shutdown)
            runner.Post(options.Shutdown ? new ManualStop("shut down by the configuration") : new ManualStart());
    }

    private async Task<bool> IsToStartAsync(PeerOptions options, SpeakerOptions before) =>
        ReconfigurationPlan.Find(before, options.Name) is { } known && known.Shutdown == options.Shutdown
            ? !await RunnerOf(options.Name).AskAsync(engine => engine.IsAdministrativelyDown)
            : !options.Shutdown;

    private static void Leave(PeerRunner peer, bool isRemoved)
    {
        var subcode = isRemoved ? CeaseError.PeerDeconfigured : CeaseError.OtherConfigurationChange;
        peer.Post(new AutomaticStop(new Notification(ErrorCode.Cease, subcode)));
        // Neither dials nor accepts again.
        peer.Post(new ManualStop(isRemoved ? "removed from the configuration" : "its configuration changed"));
    }

    private void FollowKeys()
    {
        foreach (var listener in _listeners)
        {
            try
            {
                listener.FollowKeys();
            }
            catch (SocketException error)
            {
                LogKeysFailed(_log, listener.Endpoint, SocketErrorText.For(error.SocketErrorCode));
            }
        }
    }

    private PeerRunner RunnerOf(string name) => Peers.First(peer => peer.Options.Name == name);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "{Endpoint}: a TCP MD5 key cannot be set, its peer cannot connect: {Error}")]
    private static partial void LogKeysFailed(ILogger log, IPEndPoint endpoint, string error);
}
