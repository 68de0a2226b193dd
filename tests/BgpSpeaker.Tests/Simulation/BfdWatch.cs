namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// BFD on one link, as the speakers hear of it: what the machines of RFC 5880 do on a bad link, their own simulation
/// shows. A starved node is no failure: BFD has a thread and kernel time stamps of its own.
/// </summary>
internal sealed class BfdWatch(Link link, Simulator simulator)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DetectionTime = TimeSpan.FromMilliseconds(300);

    private bool _wasGood;
    private TimeSpan _since = simulator.Time.Now;

    public void Start()
    {
        var now = simulator.Time.Now;
        var isGood = link.Left.IsRunning && link.Right.IsRunning && link.BlockedUntil <= now;
        if (isGood != _wasGood)
            (_wasGood, _since) = (isGood, now);
        if (now - _since >= DetectionTime)
        {
            Tell(link.Left, link.Right);
            Tell(link.Right, link.Left);
        }
        simulator.Time.After(Look, Start);
    }

    private void Tell(SpeakerNode node, SpeakerNode peer)
    {
        if (node.IsRunning)
            node.PeerFor(peer).HearBfd(_wasGood);
    }
}
