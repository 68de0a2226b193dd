using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary><c>vipctl drains</c>.</summary>
internal static class DrainView
{
    public static readonly View<ListDrainsResponse> View = new(answer => answer.Drains, Draw);

    private static void Draw(ListDrainsResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        var table = new Table("TARGET", "PHASE", "FOR", "BY", "SAVED", "REASON");
        foreach (var drain in answer.Drains)
        {
            table.Add(
                DrainText.Target(drain.Target), $"{drain.Phase}", Cell.Since(drain.OrderedAt, now), drain.OrderedBy,
                drain.PersistError.Length == 0 ? "yes" : $"no: {drain.PersistError}", drain.Reason);
        }
        table.WriteTo(output);
    }
}
