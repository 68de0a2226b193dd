using System.Text.Json;
using System.Text.Json.Serialization;
using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>An event as the log keeps it: by the wall clock, which a reboot does not set to zero.</summary>
/// <param name="Id">From 1, growing.</param>
/// <param name="At">When.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Kind">What about.</param>
/// <param name="Subject">"vip web", "backend web/s1", "node".</param>
/// <param name="Text">One line.</param>
/// <param name="CauseId">The event that led to this one; 0: a first cause.</param>
public sealed record LoggedEvent(
    ulong Id, DateTimeOffset At, Severity Severity, EventKind Kind, string Subject, string Text, ulong CauseId);

/// <summary>Which events are wanted.</summary>
public sealed record EventQuery
{
    /// <summary>Only events with a greater id.</summary>
    public ulong AfterId { get; init; }

    /// <summary>Only events about it, by its whole name; empty: all.</summary>
    public string Subject { get; init; } = "";

    /// <summary>Only this severity and worse.</summary>
    public Severity MinSeverity { get; init; } = Severity.Info;

    /// <summary>The newest so many of those, from 1.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>Whether an event is wanted; the limit aside.</summary>
    public bool Accepts(LoggedEvent candidate) =>
        candidate.Id > AfterId
        && candidate.Severity >= MinSeverity
        && (Subject.Length == 0 || candidate.Subject == Subject);
}

/// <summary>The answer to a query.</summary>
/// <param name="Events">The oldest first.</param>
/// <param name="Lost">Events after the query's id, of any subject, that are not kept any more.</param>
public sealed record EventPage(IReadOnlyList<LoggedEvent> Events, ulong Lost);

/// <summary>An event as one line of JSON.</summary>
internal static class EventLine
{
    /// <summary>The line, with its end.</summary>
    public static byte[] Write(LoggedEvent happened) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(happened, EventLineJson.Default.LoggedEvent), (byte)'\n'];

    /// <summary>Reads a line without its end; null when it is not one of ours, or torn.</summary>
    public static LoggedEvent? Read(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, EventLineJson.Default.LoggedEvent);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Generated code, for trimmed programs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(LoggedEvent))]
internal sealed partial class EventLineJson : JsonSerializerContext;
