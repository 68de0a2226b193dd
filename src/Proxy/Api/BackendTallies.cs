using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Api;

/// <summary>What the backends did since the last report, by generation. Safe for use by several threads.</summary>
internal sealed class BackendTallies(TimeProvider clock)
{
    // proxy.proto: "at most 100 per backend and second (BackendReport counts all)"; a report comes once a second.
    private const int MaximumFailures = 100;

    private readonly Lock _lock = new();
    private Dictionary<(string Pool, string Backend, ulong Generation), Tally> _tallies = [];
    private long _since = clock.GetTimestamp();

    /// <summary>Counts an observation.</summary>
    /// <returns>The message that it is worth by itself; null for a success, or when there were many already.</returns>
    public ConnectFailure? Count(in Observation observation)
    {
        var key = (observation.Pool, observation.Backend, observation.Generation);
        lock (_lock)
        {
            if (!_tallies.TryGetValue(key, out var tally))
                _tallies.Add(key, tally = new());
            tally.Count(observation);
            if (observation.Kind == ObservationKind.Connected || ++tally.Failures > MaximumFailures)
                return null;
        }
        return new()
        {
            Pool = observation.Pool,
            Backend = observation.Backend,
            Generation = observation.Generation,
            Kind = ToProto(observation.Kind),
            At = Timestamp.FromDateTimeOffset(clock.GetUtcNow() - clock.GetElapsedTime(observation.Timestamp)),
            Errno = (uint)observation.Errno,
        };
    }

    /// <summary>
    /// A report for each backend that was used since the last call, holds connections, or is passed over.
    /// </summary>
    public List<BackendReport> TakeReports(Engine.ProxyTable table, IReadOnlyList<BackendSnapshot> backends)
    {
        Dictionary<(string Pool, string Backend, ulong Generation), Tally> tallies;
        TimeSpan interval;
        lock (_lock)
        {
            var now = clock.GetTimestamp();
            interval = clock.GetElapsedTime(_since, now);
            (tallies, _tallies, _since) = (_tallies, [], now);
        }
        var generations = table.Pools
            .SelectMany(pool => pool.Backends.Select(backend => (pool.Name, Backend: backend)))
            .ToDictionary(entry => (entry.Name, entry.Backend.Name), entry => entry.Backend.Generation);
        var snapshots = backends.ToDictionary(backend => (backend.Pool, backend.Name));
        foreach (var (name, snapshot) in snapshots)
        {
            if ((snapshot.Connections > 0 || snapshot.EjectedFor is not null)
                && generations.TryGetValue(name, out var generation))
                tallies.TryAdd((name.Pool, name.Name, generation), new());
        }
        return [.. tallies.Select(entry => entry.Value.ToProto(
            entry.Key, interval, snapshots.GetValueOrDefault((entry.Key.Pool, entry.Key.Backend))))];
    }

    /// <summary>Why a backend is passed over, in one line; empty: it is not.</summary>
    public static string EjectionOf(BackendSnapshot? snapshot) => snapshot?.EjectedFor is { } rest
        ? $"passed over for another {Math.Ceiling(rest.TotalSeconds)} s: one attempt to connect after the other failed "
            + "while no gate decided"
        : "";

    /// <summary>The kind of a failure, as the contract has it.</summary>
    public static ConnectFailureKind ToProto(ObservationKind kind) => kind switch
    {
        ObservationKind.Refused => ConnectFailureKind.Refused,
        ObservationKind.Reset => ConnectFailureKind.Reset,
        ObservationKind.TimedOut => ConnectFailureKind.TimedOut,
        ObservationKind.Local => ConnectFailureKind.Local,
        _ => ConnectFailureKind.Unreachable,
    };

    private sealed class Tally
    {
        private ulong _connected;
        private ulong _refused;
        private ulong _reset;
        private ulong _timedOut;
        private LatencyHistogram? _latencies;

        public int Failures { get; set; }

        public void Count(in Observation observation)
        {
            switch (observation.Kind)
            {
                case ObservationKind.Connected:
                    _connected++;
                    (_latencies ??= new()).Add(observation.Latency);
                    break;
                case ObservationKind.Refused: _refused++; break;
                case ObservationKind.Reset: _reset++; break;
                case ObservationKind.TimedOut: _timedOut++; break;
            }
        }

        public BackendReport ToProto(
            (string Pool, string Backend, ulong Generation) key, TimeSpan interval, BackendSnapshot? snapshot) => new()
        {
            Pool = key.Pool,
            Backend = key.Backend,
            Generation = key.Generation,
            Interval = interval.ToDuration(),
            Connected = _connected,
            Refused = _refused,
            Reset = _reset,
            TimedOut = _timedOut,
            ConnectLatencyP50 = _latencies?.Percentile(0.5).ToDuration(),
            ConnectLatencyP99 = _latencies?.Percentile(0.99).ToDuration(),
            ConnectLatencyMax = _latencies?.Maximum.ToDuration(),
            Connections = (uint)(snapshot?.Connections ?? 0),
            Ejected = EjectionOf(snapshot),
        };
    }
}
