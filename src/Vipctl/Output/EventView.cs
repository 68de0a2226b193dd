using AnycastVip.Proto.V1;

namespace AnycastVip.Vipctl.Output;

/// <summary>
/// <c>vipctl events</c>: lines of one shape instead of a table, so that those which follow stand under the first ones.
/// </summary>
internal static class EventView
{
    public static readonly View<ListEventsResponse> View = new(answer => answer.Events, Draw);

    private static void Draw(ListEventsResponse answer, DateTimeOffset now, bool wide, TextWriter output)
    {
        foreach (var happened in answer.Events)
        {
            var kind = wide ? $"{happened.Kind,-13}  " : "";
            var cause = happened.CauseId == 0 ? "" : $" (from {Cell.Event(happened.CauseId)})";
            output.WriteLine(Table.Printable(
                $"{Cell.Time(happened.At)}  {Cell.Event(happened.Id),-6}  {happened.Severity,-7}  {kind}"
                + $"{happened.Subject}: {happened.Text}{cause}"));
        }
    }
}
