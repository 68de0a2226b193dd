using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl config reload</c>: what is wrong with the file, and what was or would be changed.</summary>
internal static class ReloadView
{
    public static readonly View<ReloadConfigResponse> View = new(
        answer => answer.Diagnostics.Concat<Google.Protobuf.IMessage>(answer.Changes), Draw);

    /// <summary>Whether the file has an error, so that nothing of it is in force.</summary>
    public static bool IsRefused(ReloadConfigResponse answer) =>
        answer.Diagnostics.Any(diagnostic => diagnostic.Severity == EventSeverity.Error);

    private static void Draw(ReloadConfigResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        foreach (var diagnostic in answer.Diagnostics)
        {
            output.WriteLine(Table.Printable(
                $"{diagnostic.File}:{diagnostic.Line}:{diagnostic.Column}: "
                + $"{$"{diagnostic.Severity}".ToLowerInvariant()}: {diagnostic.Text}"));
        }
        foreach (var change in answer.Changes)
            output.WriteLine(Table.Printable(Line(change)));
        output.WriteLine(Sum(answer));
    }

    private static string Line(ConfigChange change)
    {
        var what = change switch
        {
            { HasOldValue: true, HasNewValue: true } => $"~ {change.Path}: {change.OldValue} -> {change.NewValue}",
            { HasOldValue: true } => $"- {change.Path}: {change.OldValue}",
            _ => $"+ {change.Path}: {change.NewValue}",
        };
        return change.NeedsRestartOf.Length == 0 ? what : $"{what} (once {change.NeedsRestartOf} is restarted)";
    }

    private static string Sum(ReloadConfigResponse answer)
    {
        var changes = answer.Changes.Count switch { 0 => "nothing differs", 1 => "1 change", var n => $"{n} changes" };
        return IsRefused(answer) ? "refused: the file has errors, and what was in force stays in force"
            : answer.Applied ? $"applied: {changes}"
            : $"dry run, nothing was applied: {changes}";
    }
}
