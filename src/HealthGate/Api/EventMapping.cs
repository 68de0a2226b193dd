using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using EventKind = AnycastVip.Proto.V1.EventKind;

namespace AnycastVip.HealthGate.Api;

/// <summary>Events and findings as the API's messages.</summary>
internal static class EventMapping
{
    /// <summary>Writes a message.</summary>
    public static Event ToProto(LoggedEvent happened) => new()
    {
        Id = happened.Id,
        At = Timestamp.FromDateTimeOffset(happened.At),
        Severity = ToProto(happened.Severity),
        Kind = ToProto(happened.Kind),
        Subject = happened.Subject,
        Text = happened.Text,
        CauseId = happened.CauseId,
    };

    /// <summary>The severity's name in the API.</summary>
    public static EventSeverity ToProto(Severity severity) => severity switch
    {
        Severity.Info => EventSeverity.Info,
        Severity.Warning => EventSeverity.Warning,
        _ => EventSeverity.Error,
    };

    /// <summary>The severity that the API's name means; unset: every one.</summary>
    public static Severity FromProto(EventSeverity severity) => severity switch
    {
        EventSeverity.Warning => Severity.Warning,
        EventSeverity.Error => Severity.Error,
        _ => Severity.Info,
    };

    /// <summary>What a reload found and did.</summary>
    public static ReloadConfigResponse ToProto(ReloadOutcome outcome)
    {
        var message = new ReloadConfigResponse { Applied = outcome.IsApplied };
        message.Diagnostics.Add(outcome.Findings.Select(finding => new ConfigDiagnostic
        {
            Severity = ToProto(finding.Severity),
            File = finding.File,
            Line = (uint)finding.Line,
            Column = (uint)finding.Column,
            Text = finding.Text,
        }));
        foreach (var difference in outcome.Changes)
        {
            var change = new ConfigChange { Path = difference.Path, NeedsRestartOf = difference.NeedsRestartOf };
            if (difference.OldValue is { } old)
                change.OldValue = old;
            if (difference.NewValue is { } value)
                change.NewValue = value;
            message.Changes.Add(change);
        }
        return message;
    }

    private static EventKind ToProto(Engine.EventKind kind) => kind switch
    {
        Engine.EventKind.Process => EventKind.Process,
        Engine.EventKind.Configuration => EventKind.Configuration,
        Engine.EventKind.Check => EventKind.Check,
        Engine.EventKind.Observation => EventKind.Observation,
        Engine.EventKind.Backend => EventKind.Backend,
        Engine.EventKind.Vip => EventKind.Vip,
        Engine.EventKind.Address => EventKind.Address,
        Engine.EventKind.Listener => EventKind.Listener,
        Engine.EventKind.Drain => EventKind.Drain,
        Engine.EventKind.Announcement => EventKind.Announcement,
        _ => EventKind.Fault,
    };
}
