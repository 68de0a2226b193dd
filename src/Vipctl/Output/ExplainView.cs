using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl explain</c>: the verdict, the first broken link with its remedy, and the whole chain.</summary>
internal static class ExplainView
{
    public static readonly View<ExplainVipResponse> View = new(answer => answer.Links, Draw);

    private static void Draw(ExplainVipResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        output.WriteLine(Table.Printable(answer.Verdict));
        if (answer.HasFirstBroken && answer.FirstBroken < answer.Links.Count)
        {
            var broken = answer.Links[(int)answer.FirstBroken];
            output.WriteLine(Table.Printable(
                $"broken at {answer.FirstBroken + 1}, {Step(broken.Step)}: {broken.Text}"));
            if (broken.Remedy.Length > 0)
                output.WriteLine(Table.Printable($"remedy: {broken.Remedy}"));
        }
        output.WriteLine();
        string[] more = wide ? ["EVENT", "REMEDY"] : [];
        var table = new Table(["", "RESULT", "LINK", "SINCE", .. more, "FOUND"]);
        foreach (var (index, link) in answer.Links.Index())
        {
            string[] values = wide ? [Cell.Event(link.EventId), link.Remedy] : [];
            table.Add([
                $"{index + 1}", Result(link.Result), Step(link.Step), Cell.Since(link.Since, now), .. values, link.Text,
            ]);
        }
        table.WriteTo(output);
    }

    // What holds is in small letters, so that the eye finds what does not.
    private static string Result(ExplainResult result) => result switch
    {
        ExplainResult.Ok => "ok",
        ExplainResult.Degraded => "DEGRADED",
        ExplainResult.Broken => "BROKEN",
        ExplainResult.NotReached => "",
        _ => $"{result}",
    };

    private static string Step(ExplainStep step) => step switch
    {
        ExplainStep.SelfProbe => "self-probe",
        _ => $"{step}".ToLowerInvariant(),
    };
}
