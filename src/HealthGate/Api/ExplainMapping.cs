using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using ExplainResult = AnycastVip.HealthGate.Engine.ExplainResult;
using ExplainStep = AnycastVip.HealthGate.Engine.ExplainStep;

namespace AnycastVip.HealthGate.Api;

/// <summary>The chain of causes behind a VIP's announcement as the API's message.</summary>
internal static class ExplainMapping
{
    /// <summary>Writes a message.</summary>
    public static ExplainVipResponse ToProto(VipStanding vip, IReadOnlyList<ExplainFinding> chain, WallTime wall)
    {
        var first = chain.ToList().FindIndex(link => link.Result == ExplainResult.Broken);
        var message = new ExplainVipResponse
        {
            Verdict = $"{vip.Options.Settings.Name} {Verdict(vip.State.Announcement, chain)}",
        };
        if (first >= 0)
            message.FirstBroken = (uint)first;
        message.Links.Add(chain.Select(link => new Proto.V1.ExplainLink
        {
            Step = ToProto(link.Step),
            Result = ToProto(link.Result),
            Text = link.Text,
            Remedy = link.Remedy,
            Since = wall.At(link.Since),
            EventId = link.Cause,
        }));
        return message;
    }

    private static string Verdict(Announcement announcement, IReadOnlyList<ExplainFinding> chain)
    {
        var announced = announcement switch
        {
            Announcement.Draining => "is announced as a worse path",
            Announcement.Standby => "is announced as standby",
            _ => "is announced",
        };
        if (chain.FirstOrDefault(link => link.Result == ExplainResult.Broken) is { } broken)
            return broken.Step switch
            {
                >= ExplainStep.Peers => $"is announced to nobody: {broken.Text}",
                // What breaks a link before the lease may keep it from being announced as usual only.
                < ExplainStep.Lease when announcement > Announcement.None => $"{announced}: {broken.Text}",
                < ExplainStep.Lease when announcement == Announcement.Unknown =>
                    $"is left as the speaker has it: {broken.Text}",
                _ => $"is not announced: {broken.Text}",
            };
        return chain.FirstOrDefault(link => link.Result == ExplainResult.Degraded) is { } degraded
            ? $"{announced}; {degraded.Text}"
            : announced;
    }

    private static Proto.V1.ExplainResult ToProto(ExplainResult result) => result switch
    {
        ExplainResult.Ok => Proto.V1.ExplainResult.Ok,
        ExplainResult.Degraded => Proto.V1.ExplainResult.Degraded,
        ExplainResult.Broken => Proto.V1.ExplainResult.Broken,
        _ => Proto.V1.ExplainResult.NotReached,
    };

    private static Proto.V1.ExplainStep ToProto(ExplainStep step) => step switch
    {
        ExplainStep.Configuration => Proto.V1.ExplainStep.Configuration,
        ExplainStep.Drain => Proto.V1.ExplainStep.Drain,
        ExplainStep.Proxy => Proto.V1.ExplainStep.Proxy,
        ExplainStep.Checks => Proto.V1.ExplainStep.Checks,
        ExplainStep.Backends => Proto.V1.ExplainStep.Backends,
        ExplainStep.Damping => Proto.V1.ExplainStep.Damping,
        ExplainStep.Address => Proto.V1.ExplainStep.Address,
        ExplainStep.Listener => Proto.V1.ExplainStep.Listener,
        ExplainStep.SelfProbe => Proto.V1.ExplainStep.SelfProbe,
        ExplainStep.Lease => Proto.V1.ExplainStep.Lease,
        ExplainStep.Speaker => Proto.V1.ExplainStep.Speaker,
        ExplainStep.Peers => Proto.V1.ExplainStep.Peers,
        _ => Proto.V1.ExplainStep.Delivery,
    };
}
