using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>Plans what goes wrong, and when.</summary>
internal sealed class Chaos(Simulator simulator, List<SpeakerNode> nodes, List<Link> links)
{
    private const int RefreshRequests = 30;
    private static readonly Notification AutomaticReset = new(ErrorCode.Cease, CeaseError.BfdDown);

    private readonly Chance _chance = simulator.Chance;

    private TimeSpan Now => simulator.Time.Now;

    public void Plan(TimeSpan end)
    {
        for (var i = 0; i < simulator.Scenario.Faults; i++)
            simulator.Time.At(_chance.Between(Now, end), simulator.Scenario.IsFaultFree ? PauseShortly : Strike);
        if (!_chance.Percent(20))
            return;
        var link = links[_chance.Below(links.Count)];
        var (asked, asker) = _chance.Percent(50) ? (link.Left, link.Right) : (link.Right, link.Left);
        simulator.Time.At(_chance.Between(Now, end), () => RequestRefreshes(asked, asker, RefreshRequests));
    }

    private void Strike()
    {
        var link = links[_chance.Below(links.Count)];
        var node = nodes[_chance.Below(nodes.Count)];
        switch (_chance.Below(13))
        {
            case 0:
                node.Crash(power: true);
                simulator.Time.After(_chance.Milliseconds(50, 15_000), node.Start);
                break;
            case 1:
                node.Crash(power: false);
                simulator.Time.After(_chance.Milliseconds(0, 5000), node.Start);
                break;
            case 2 or 3:
                node.Pause(Now + _chance.Milliseconds(10, 6000));
                break;
            case 4:
                Note(link, "is blocked");
                link.BlockedUntil = Now + _chance.Milliseconds(100, 25_000);
                break;
            case 5:
                Note(link, "refuses dials");
                link.RefusesUntil = Now + _chance.Milliseconds(100, 10_000);
                break;
            case 6:
                Note(link, "corrupts octets of new connections");
                link.CorruptsUntil = Now + _chance.Milliseconds(100, 10_000);
                break;
            case 7 or 8:
                Command(link);
                break;
            default:
                StrikeConnection(link);
                break;
        }
    }

    private void StrikeConnection(Link link)
    {
        if (link.Connections.Count == 0)
            return;
        var connection = link.Connections[_chance.Below(link.Connections.Count)];
        var end = _chance.Percent(50) ? connection.DialledEnd : connection.AcceptedEnd;
        switch (_chance.Below(5))
        {
            case 0:
                Note(link, "is reset", connection.Number);
                connection.DialledEnd.TakeReset();
                connection.AcceptedEnd.TakeReset();
                break;
            case 1:
                Note(link, "is forgotten at one end", connection.Number);
                end.TakeReset();
                break;
            case 2 or 3:
                Note(link, "takes nothing", connection.Number);
                end.Out.Stall(Now + _chance.Milliseconds(100, 40_000));
                break;
            default:
                end.Out.Mutate();
                break;
        }
    }

    private void Command(Link link)
    {
        var node = _chance.Percent(50) ? link.Left : link.Right;
        if (!node.IsRunning)
            return;
        var shell = node.PeerFor(node == link.Left ? link.Right : link.Left);
        switch (_chance.Below(4))
        {
            case 0:
                shell.Command(new ManualStop("maintenance"));
                simulator.Time.After(_chance.Milliseconds(0, 8000), () => shell.Command(new ManualStart()));
                break;
            case 1:
                shell.Command(new AutomaticStop(AutomaticReset));
                break;
            default:
                shell.Command(new ManualReset("again"));
                break;
        }
    }

    // A peer may ask for its routes at any time, and as often as it likes.
    private void RequestRefreshes(SpeakerNode asked, SpeakerNode asker, int times)
    {
        if (times == 0)
            return;
        if (asked.IsRunning)
            asked.PeerFor(asker).AskForRefresh();
        simulator.Time.After(_chance.Milliseconds(20, 700), () => RequestRefreshes(asked, asker, times - 1));
    }

    // So short that the KEEPALIVE which is delayed still comes within the peer's hold time.
    private void PauseShortly() =>
        nodes[_chance.Below(nodes.Count)].Pause(Now + _chance.Milliseconds(10, 1500));

    private void Note(Link link, string what, long number = 0) =>
        simulator.Trace.Add($"{link.Left.Name}-{link.Right.Name}", what, "", number);
}
