using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary>Drains in words.</summary>
internal static class DrainText
{
    /// <summary>As the command line names it: "node", "vip web", "backend web/s1", "peer tor1".</summary>
    public static string Target(DrainTarget? target) => target?.TargetCase switch
    {
        DrainTarget.TargetOneofCase.Node => "node",
        DrainTarget.TargetOneofCase.Vip => $"vip {target.Vip}",
        DrainTarget.TargetOneofCase.Backend => $"backend {target.Backend.Pool}/{target.Backend.Backend}",
        DrainTarget.TargetOneofCase.Peer => $"peer {target.Peer}",
        _ => "",
    };

    /// <summary>Who ordered what and why: "node by alice: kernel upgrade"; empty for no drain.</summary>
    public static string Order(ActiveDrain? drain)
    {
        if (drain is null)
            return "";
        var who = drain.OrderedBy.Length == 0 ? "" : $" by {drain.OrderedBy}";
        var why = drain.Reason.Length == 0 ? "" : $": {drain.Reason}";
        return $"{Target(drain.Target)}{who}{why}";
    }

    /// <summary>One line that says how far a drain or an undrain is; it changes only with what it tells of.</summary>
    public static string Line(DrainProgress progress)
    {
        string[] parts =
        [
            $"{Phase(progress.Phase)}{(progress.Text.Length == 0 ? "" : $": {progress.Text}")}",
            Connections(progress),
            Peers(progress),
        ];
        return Table.Printable(string.Join("; ", parts.Where(part => part.Length > 0)));
    }

    /// <summary>When the phase ends by itself, to follow the line on a terminal: "; 4m12s left".</summary>
    public static string Left(DrainProgress progress, DateTimeOffset now) =>
        progress.PhaseEndsAt is null ? "" : $"; {Cell.Until(progress.PhaseEndsAt, now)} left";

    /// <summary>What a dry run says would be done, numbered.</summary>
    public static void WritePlan(DrainProgress progress, TextWriter output)
    {
        foreach (var (index, step) in progress.Plan.Index())
            output.WriteLine(Table.Printable($"{index + 1}. {step}"));
    }

    /// <summary>How each VIP of the target stands.</summary>
    public static void WriteVips(DrainProgress progress, TextWriter output)
    {
        var table = new Table("VIP", "STATE", "REASON");
        foreach (var vip in progress.Vips)
            table.Add(vip.Vip, $"{vip.State}", vip.Reason);
        table.WriteTo(output);
    }

    private static string Phase(DrainPhase phase) => $"{phase}".ToLowerInvariant();

    // Zero of a count that was not taken means nothing, so that no number of it is shown.
    private static string Connections(DrainProgress progress) => progress.Connections switch
    {
        null => "",
        { Exact: false } when progress.Phase == DrainPhase.Done => "connections were not counted",
        { Exact: false } => "connections not counted yet",
        { } count =>
            $"connections: {count.Fed} fed, {count.Stranded} stranded, {count.NewTotal} new since the order "
            + $"({count.NewLastSecond} in the last second)"
            + (count.ClosedFed + count.ClosedStranded == 0
                ? ""
                : $", closed {count.ClosedFed} fed and {count.ClosedStranded} stranded"),
    };

    // Only these phases have an UPDATE; a peer without a session has nothing of ours to acknowledge.
    private static string Peers(DrainProgress progress)
    {
        if (progress.Phase is not (DrainPhase.Depreferred or DrainPhase.Withdrawing or DrainPhase.Announcing))
            return "";
        var peers = progress.Peers.Where(peer => peer.Established).ToList();
        var late = peers.Where(peer => peer.AcknowledgedAt is null).Select(peer => peer.Peer).ToList();
        return (peers.Count, late.Count) switch
        {
            (0, _) => "",
            (_, 0) => $"acknowledged by {peers.Count} of {peers.Count} peers",
            _ => $"acknowledged by {peers.Count - late.Count} of {peers.Count} peers, not by {Cell.List(late)}",
        };
    }
}
