using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.HealthGate.Api;

/// <summary>A check's standing as the API's message.</summary>
internal static class CheckMapping
{
    /// <summary>Writes a message.</summary>
    public static CheckStatus ToProto(CheckStanding check, WallTime wall)
    {
        var (settings, state) = (check.Settings, check.State);
        var message = new CheckStatus
        {
            Name = check.Id.Check,
            Type = check.Kind switch
            {
                CheckKind.Tcp => "tcp",
                CheckKind.Http => "http",
                _ => "exec",
            },
            Target = check.Id.Subject,
            State = ToProto(state?.Verdict ?? CheckVerdict.Unknown),
            Rise = (uint)settings.Rise,
            Fall = (uint)settings.Fall,
            Interval = (state?.Interval ?? settings.FastInterval).ToDuration(),
            Timeout = settings.Timeout.ToDuration(),
        };
        if (state is null)
            return message;
        message.SuccessesInRow = (uint)state.SuccessesInRow;
        message.FailuresInRow = (uint)state.FailuresInRow;
        message.NextAt = wall.At(state.NextRunAt);
        if (state.Last is { } last)
            // While another one runs, the start of the last run is forgotten.
            message.Last = ToProto(last, wall.At(state.IsRunning ? null : state.StartedAt));
        return message;
    }

    private static Proto.V1.CheckResult ToProto(Health.CheckResult result, Timestamp? startedAt)
    {
        var message = new Proto.V1.CheckResult
        {
            Passed = result.IsOk,
            Text = result.Reason,
            StartedAt = startedAt,
            Took = result.Latency.ToDuration(),
        };
        if (result.ExitCode is { } code)
            message.ExitCode = code;
        return message;
    }

    private static CheckState ToProto(CheckVerdict verdict) => verdict switch
    {
        CheckVerdict.Passing => CheckState.Passing,
        CheckVerdict.Failing => CheckState.Failing,
        CheckVerdict.Stale => CheckState.Stale,
        _ => CheckState.Unknown,
    };
}
