using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary>The proxy's process, and those that it has replaced.</summary>
internal static class ProxyView
{
    public static readonly View<GetProxyResponse> View = new(
        answer => [answer],
        (answer, now, _, output) =>
        {
            var table = new Table("PID", "STATE", "SINCE", "CONNECTIONS", "ENDS IN");
            table.Add(
                $"{answer.Pid}", "serving", Cell.Since(answer.StartedAt, now), $"{answer.Connections}", "");
            foreach (var replaced in answer.Replaced)
                table.Add(
                    $"{replaced.Pid}",
                    replaced.IsSilent ? "silent" : "replaced",
                    Cell.Since(replaced.ReplacedAt, now),
                    $"{replaced.Connections}",
                    Cell.Until(replaced.EndsAt, now));
            table.WriteTo(output);
        });

    /// <summary>One line that says how far a replaced process is; it changes only with what it tells of.</summary>
    public static string Line(ReplacedProxy replaced) => replaced.IsSilent
        ? $"pid {replaced.Pid} does not answer; it had {replaced.Connections} connections"
        : $"pid {replaced.Pid} has {replaced.Connections} connections left";

    /// <summary>When they are reset, to follow the line on a terminal: "; 4m12s left".</summary>
    public static string Left(ReplacedProxy replaced, DateTimeOffset now) =>
        replaced.EndsAt is null ? "" : $"; {Cell.Until(replaced.EndsAt, now)} left";
}
