using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Vipctl.Output;

/// <summary>How the answers of one call are shown.</summary>
/// <param name="Items">What the answer lists, for one line of JSON each.</param>
/// <param name="Draw">The table: of an answer, at a time, with all columns or the common ones.</param>
internal sealed record View<TAnswer>(
    Func<TAnswer, IEnumerable<IMessage>> Items, Action<TAnswer, DateTimeOffset, bool, TextWriter> Draw)
    where TAnswer : IMessage
{
    /// <summary>Writes the answer in <paramref name="format"/>; ages are those at <paramref name="now"/>.</summary>
    public void Write(TAnswer answer, OutputFormat format, DateTimeOffset now, TextWriter output)
    {
        switch (format)
        {
            case OutputFormat.Json:
                output.WriteLine(ViewJson.Document.Format(answer));
                break;
            case OutputFormat.JsonLines:
                foreach (var item in Items(answer))
                    output.WriteLine(ViewJson.Line.Format(item));
                break;
            default:
                Draw(answer, now, format == OutputFormat.Wide, output);
                break;
        }
    }
}

/// <summary>Protobuf's JSON with every field, also those that are zero or empty, for the sake of scripts.</summary>
internal static class ViewJson
{
    private static readonly JsonFormatter.Settings Settings =
        JsonFormatter.Settings.Default.WithFormatDefaultValues(true);

    public static readonly JsonFormatter Line = new(Settings);
    public static readonly JsonFormatter Document = new(Settings.WithIndentation());
}

/// <summary>Cells that several tables have.</summary>
internal static class Cell
{
    /// <summary>How long ago; empty when unset.</summary>
    public static string Since(Timestamp? time, DateTimeOffset now) =>
        time is null ? "" : Duration.Format(now - time.ToDateTimeOffset());

    /// <summary>A moment in UTC, since the clocks of several hosts are read side by side; empty when unset.</summary>
    public static string Time(Timestamp? time) =>
        time?.ToDateTime().ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>How long until; empty when unset.</summary>
    public static string Until(Timestamp? time, DateTimeOffset now) =>
        time is null ? "" : Duration.Format(time.ToDateTimeOffset() - now);

    /// <summary>A length of time; empty when unset.</summary>
    public static string Length(Google.Protobuf.WellKnownTypes.Duration? length) =>
        length is null ? "" : Duration.Format(length.ToTimeSpan());

    /// <summary>A length of time of less than some seconds: "0.42ms", "350ms", "1.5s"; empty when unset.</summary>
    public static string ShortLength(Google.Protobuf.WellKnownTypes.Duration? length) =>
        length?.ToTimeSpan() switch
        {
            null => "",
            { TotalMilliseconds: < 1000 } span => $"{span.TotalMilliseconds:0.##}ms",
            { } span => $"{span.TotalSeconds:0.##}s",
        };

    /// <summary>"203.0.113.50:80", "[2001:db8::50]:80".</summary>
    public static string EndPoint(string address, uint port) =>
        address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";

    /// <summary>The number of an event; empty for none.</summary>
    public static string Event(ulong id) => id == 0 ? "" : $"#{id}";

    public static string List(IEnumerable<string> items) => string.Join(',', items);
}
