using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl checks</c>.</summary>
internal static class CheckView
{
    public static readonly View<ListChecksResponse> View = new(answer => answer.Checks, Draw);

    private static readonly string[] Common = ["NAME", "TYPE", "TARGET", "STATE", "IN-ROW", "LAST"];
    private static readonly string[] More = ["TOOK", "NEXT", "INTERVAL", "TIMEOUT", "RISE", "FALL", "EXIT"];

    private static void Draw(ListChecksResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table([.. Common, .. wide ? More : [], "RESULT"]);
        foreach (var check in answer.Checks)
        {
            var last = check.Last;
            string[] more =
            [
                Cell.ShortLength(last?.Took), Cell.Until(check.NextAt, now), Cell.ShortLength(check.Interval),
                Cell.ShortLength(check.Timeout), $"{check.Rise}", $"{check.Fall}",
                last is { HasExitCode: true } ? $"{last.ExitCode}" : "",
            ];
            table.Add([
                check.Name, check.Type, check.Target, $"{check.State}", InRow(check),
                Cell.Since(last?.StartedAt, now), .. wide ? more : [], last?.Text ?? "",
            ]);
        }
        table.WriteTo(output);
    }

    private static string InRow(CheckStatus check) => check switch
    {
        { FailuresInRow: > 0 } => $"{check.FailuresInRow} failed",
        { SuccessesInRow: > 0 } => $"{check.SuccessesInRow} passed",
        _ => "",
    };
}
