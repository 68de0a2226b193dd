using System.Net;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using BackendState = AnycastVip.HealthGate.Health.BackendState;
using CloseConnections = AnycastVip.Proto.V1.CloseConnections;
using ConnectionSelector = AnycastVip.HealthGate.Engine.ConnectionSelector;
using CountConnections = AnycastVip.Proto.V1.CountConnections;

namespace AnycastVip.HealthGate.Links;

/// <summary>The engine's records as messages of proxy.proto, and back.</summary>
internal static class ProxyMapping
{
    /// <summary>The whole table.</summary>
    public static ProxyTable Table(SendTable table) => new()
    {
        Revision = table.Revision,
        MaxConnections = (uint)table.MaxConnections,
        Listeners = { table.Listeners.Select(Listener) },
        Pools = { table.Pools.Select(Pool) },
    };

    /// <summary>An order to count.</summary>
    public static CountConnections Count(CountVipConnections count, WallTime wall) => new()
    {
        RequestId = count.RequestId,
        Selector = Selector(count.Selector),
        StrandedSince = wall.At(count.StrandedSince),
    };

    /// <summary>An order to close.</summary>
    public static CloseConnections Close(CloseVipConnections close, WallTime wall) => new()
    {
        RequestId = close.RequestId,
        Selector = Selector(close.Selector),
        StrandedSince = wall.At(close.StrandedSince),
        Spread = close.Window == default ? null : close.Window.Spread.ToDuration(),
        Grace = close.Window == default ? null : close.Window.Grace.ToDuration(),
    };

    /// <summary>What a response says to the engine; null: nothing.</summary>
    /// <exception cref="FormatException">An address or a time cannot be read.</exception>
    /// <exception cref="InvalidOperationException">A time or a duration is out of range.</exception>
    /// <exception cref="ArgumentException">A port is out of range.</exception>
    public static GateInput? Read(ControlResponse response, WallTime wall) => response.ResponseCase switch
    {
        ControlResponse.ResponseOneofCase.Accepted => new ProxyConnected(response.Accepted.KeptRevision),
        ControlResponse.ResponseOneofCase.TableResult => new TableApplied(
            response.TableResult.Revision,
            [.. response.TableResult.Refused.Select(refused => $"{refused.Entry}: {refused.Text}")],
            response.TableResult.RefusedWhole),
        ControlResponse.ResponseOneofCase.ConnectFailure => Read(response.ConnectFailure),
        ControlResponse.ResponseOneofCase.BackendReport => new BackendReported(
            response.BackendReport.Pool,
            response.BackendReport.Backend,
            (int)response.BackendReport.Connections,
            response.BackendReport.ConnectLatencyP50?.ToTimeSpan(),
            response.BackendReport.ConnectLatencyP99?.ToTimeSpan()),
        ControlResponse.ResponseOneofCase.ListenerReport => new ListenersReported(
            [.. response.ListenerReport.Listeners.Select(Read)]),
        ControlResponse.ResponseOneofCase.ConnectionCounts => new ConnectionsCountedByProxy(
            response.ConnectionCounts.RequestId,
            wall.Of(response.ConnectionCounts.At) ?? throw new FormatException("a time is missing"),
            (int)response.ConnectionCounts.Fed,
            (int)response.ConnectionCounts.Stranded,
            response.ConnectionCounts.Accepted),
        ControlResponse.ResponseOneofCase.ConnectionsClosed => new ConnectionsClosedByProxy(
            response.ConnectionsClosed.RequestId, (int)response.ConnectionsClosed.Closed),
        ControlResponse.ResponseOneofCase.HandedOver => new ProxyHandedOver(),
        _ => null,
    };

    private static ConnectFailed? Read(ConnectFailure failure)
    {
        Observation? what = failure.Kind switch
        {
            ConnectFailureKind.Refused => Observation.Refused,
            ConnectFailureKind.Reset => Observation.Reset,
            // Not to be reached now is no proof that nothing listens there.
            ConnectFailureKind.TimedOut or ConnectFailureKind.Unreachable => Observation.TimedOut,
            // A failure on the proxy's own side says nothing about the backend.
            _ => null,
        };
        return what is { } seen ? new(failure.Pool, failure.Backend, failure.Generation, seen) : null;
    }

    private static ProxyListener Read(Listener listener) => new(
        new(IPAddress.Parse(listener.Address), (int)listener.Port),
        listener.State is ListenerState.Listening or ListenerState.Full,
        listener.Reason,
        listener.Counters?.Accepted ?? 0);

    private static ListenerSpec Listener(TableListener listener) => new()
    {
        Vip = listener.Vip,
        Address = listener.Address.ToString(),
        Port = (uint)listener.Options.Port,
        Pool = listener.Options.Pool,
        ProxyProtocol = listener.Options.ProxyProtocol is { } expected
            ? new()
            {
                From = { expected.From.Select(network => network.ToString()) },
                Timeout = expected.Timeout.ToDuration(),
            }
            : null,
        Sni = listener.Options.Sni is { } sni ? Sni(sni) : null,
        MaxConnections = (uint)listener.Options.MaxConnections,
        IdleTimeout = listener.Options.IdleTimeout?.ToDuration(),
        HalfClosedTimeout = listener.Options.HalfClosedTimeout?.ToDuration(),
        TotalTimeout = listener.Options.TotalTimeout?.ToDuration(),
        FirstOctetTimeout = listener.Options.FirstOctetTimeout?.ToDuration(),
        UserTimeout = listener.Options.UserTimeout?.ToDuration(),
        KeepAlive = listener.Options.KeepAlive is { } keepAlive ? KeepAlive(keepAlive) : null,
        DeferAccept = listener.Options.DefersAccept,
        PerSource = listener.Options.PerSource is { } limits ? PerSource(limits) : null,
    };

    private static PerSourceLimits PerSource(PerSourceOptions options) => new()
    {
        Connections = (uint)options.Connections,
        Rate = (uint)options.Rate,
        Burst = (uint)options.Burst,
        Ipv4Prefix = (uint)options.IPv4Prefix,
        Ipv6Prefix = (uint)options.IPv6Prefix,
    };

    private static KeepAlive KeepAlive(KeepAliveOptions options) => new()
    {
        Idle = options.Idle.ToDuration(),
        Interval = options.Interval.ToDuration(),
        Probes = (uint)options.Probes,
    };

    private static SniRoutes Sni(SniOptions options) => new()
    {
        Routes =
        {
            options.Routes.Select(route => new SniRoute
            {
                Names = { route.Names },
                Protocols = { route.Protocols },
                Pool = route.Pool,
            }),
        },
        ResetOthers = options.ResetsOthers,
    };

    private static PoolSpec Pool(TablePool pool) => new()
    {
        Name = pool.Options.Name,
        Balance = pool.Options.Balance switch
        {
            Balance.RoundRobin => BalanceAlgorithm.RoundRobin,
            Balance.LeastResponseTime => BalanceAlgorithm.LeastResponseTime,
            Balance.Random => BalanceAlgorithm.Random,
            Balance.SourceHash => BalanceAlgorithm.SourceHash,
            Balance.Maglev => BalanceAlgorithm.Maglev,
            _ => BalanceAlgorithm.LeastConnections,
        },
        ConnectTimeout = pool.Options.ConnectTimeout.ToDuration(),
        ConnectRetries = (uint)pool.Options.ConnectRetries,
        SendProxyProtocol = pool.Options.SendProxyProtocol switch
        {
            ProxyProtocol.Version1 => ProxyProtocolVersion._1,
            ProxyProtocol.Version2 => ProxyProtocolVersion._2,
            _ => ProxyProtocolVersion.Unspecified,
        },
        Persistence = pool.Options.Persistence is { } persistence
            ? new()
            {
                Ttl = persistence.TimeToLive.ToDuration(),
                Ipv4Prefix = (uint)persistence.IPv4Prefix,
                Ipv6Prefix = (uint)persistence.IPv6Prefix,
                MaxEntries = (uint)persistence.MaxEntries,
            }
            : null,
        QueueSize = (uint)(pool.Options.Queue?.Size ?? 0),
        QueueTimeout = pool.Options.Queue?.Timeout.ToDuration(),
        Backends = { pool.Backends.Select(backend => Backend(backend, pool.Options.SlowStart)) },
    };

    private static BackendSpec Backend(TableBackend backend, TimeSpan slowStart) => new()
    {
        Name = backend.Options.Name,
        Address = backend.Options.Endpoint.Address.ToString(),
        Port = (uint)backend.Options.Endpoint.Port,
        Weight = (uint)backend.Options.Weight,
        Directive = backend.Directive switch
        {
            BackendState.Up => BackendDirective.Up,
            BackendState.Drain => BackendDirective.Drain,
            _ => BackendDirective.Down,
        },
        Generation = backend.Generation,
        MaxConnections = (uint)backend.Options.MaxConnections,
        Backup = backend.Options.IsBackup,
        SlowStart = slowStart > TimeSpan.Zero ? slowStart.ToDuration() : null,
    };

    private static Proto.V1.ConnectionSelector Selector(ConnectionSelector selector) =>
        new() { Vip = selector.Vip, Pool = selector.Pool, Backend = selector.Backend };
}
