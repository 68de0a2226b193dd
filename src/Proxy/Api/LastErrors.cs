using System.Runtime.InteropServices;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Api;

/// <summary>The last failure of each kind for each backend. Safe for use by several threads.</summary>
internal sealed class LastErrors(TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Pool, string Backend, ObservationKind Kind), Observation> _last = [];

    /// <summary>Remembers an observation that is a failure.</summary>
    public void Note(in Observation observation)
    {
        if (observation.Kind == ObservationKind.Connected)
            return;
        lock (_lock)
            _last[(observation.Pool, observation.Backend, observation.Kind)] = observation;
    }

    /// <summary>Those of the backends that there are, the latest first; others are forgotten.</summary>
    public List<LastError> List(IEnumerable<BackendSnapshot> backends)
    {
        var known = backends.Select(backend => (backend.Pool, backend.Name)).ToHashSet();
        lock (_lock)
        {
            foreach (var gone in _last.Keys.Where(key => !known.Contains((key.Pool, key.Backend))).ToList())
                _last.Remove(gone);
            return [.. _last.Values.OrderByDescending(observation => observation.Timestamp).Select(ToProto)];
        }
    }

    private LastError ToProto(Observation observation) => new()
    {
        Pool = observation.Pool,
        Backend = observation.Backend,
        Kind = BackendTallies.ToProto(observation.Kind),
        At = Timestamp.FromDateTimeOffset(clock.GetUtcNow() - clock.GetElapsedTime(observation.Timestamp)),
        Errno = (uint)observation.Errno,
        Text = Describe(observation),
    };

    private static string Describe(in Observation observation) => observation.Kind switch
    {
        ObservationKind.Refused => "refused the connection",
        ObservationKind.Reset => "reset the connection before it sent anything",
        ObservationKind.TimedOut => "did not answer in time",
        ObservationKind.Local => $"this node could not connect: {Marshal.GetPInvokeErrorMessage(observation.Errno)}",
        _ => $"cannot be reached: {Marshal.GetPInvokeErrorMessage(observation.Errno)}",
    };
}
