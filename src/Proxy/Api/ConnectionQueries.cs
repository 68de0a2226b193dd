using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <summary>Counting, closing and listing connections, as the messages ask for it.</summary>
internal sealed class ConnectionQueries(ProxyControl control)
{
    // Far beyond the age of any connection, and far from what a timestamp cannot hold.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    /// <exception cref="RpcException">INVALID_ARGUMENT: it breaks a rule; UNAVAILABLE: a loop hangs.</exception>
    public async Task<Proto.V1.ConnectionCounts> CountAsync(CountConnections request)
    {
        var selector = Read(request.Selector);
        var since = ReadSince(request.StrandedSince);
        var counts = await AskAsync(engine => engine.CountConnections(selector, since));
        var (fed, stranded) = control.Others is { } others ? await others.CountAsync(request) : (0, 0);
        return new()
        {
            RequestId = request.RequestId,
            At = Timestamp.FromDateTimeOffset(control.Clock.GetUtcNow()),
            Fed = (uint)(counts.Fed + fed),
            Stranded = (uint)(counts.Stranded + stranded),
            Accepted = (ulong)counts.Accepted,
        };
    }

    /// <inheritdoc cref="CountAsync"/>
    public async Task<ConnectionsClosed> CloseAsync(CloseConnections request)
    {
        var selector = Read(request.Selector);
        var since = ReadSince(request.StrandedSince);
        var manner = new ClosingManner(ReadTime("spread", request.Spread), ReadTime("grace", request.Grace));
        var closed = await AskAsync(engine => engine.CloseConnections(selector, since, manner));
        var elsewhere = control.Others is { } others ? await others.CloseAsync(request) : 0;
        return new() { RequestId = request.RequestId, Closed = (uint)closed + elsewhere };
    }

    /// <inheritdoc cref="CountAsync"/>
    /// <exception cref="RpcException">Also NOT_FOUND: neither the table nor a connection has such a VIP, pool or
    /// backend.</exception>
    public async Task<ListConnectionsResponse> ListAsync(ListConnectionsRequest request)
    {
        var selector = Read(request.Selector);
        var since = ReadAfter(request.StrandedAfter);
        var own = await AskAsync(engine => engine.ListConnections(selector, since));
        var elsewhere = control.Others is { } others ? await others.ListAsync(request) : [];
        List<Proto.V1.ConnectionGroup> groups =
        [
            .. own.Select(ToProto).Concat(elsewhere)
                .GroupBy(group => (group.Vip, group.Address, group.Port, group.Pool, group.Backend))
                .Select(same => same.Aggregate(Sum)),
        ];
        if (groups.Count == 0)
            CheckKnown(selector, control.View().Table);
        return new() { Groups = { groups } };
    }

    private static Engine.ConnectionSelector Read(Proto.V1.ConnectionSelector? message)
    {
        if (message is { Backend.Length: > 0, Pool.Length: 0 })
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, "selector.backend needs selector.pool: names are unique within a pool"));
        return message is null
            ? new()
            : new() { Vip = message.Vip, Pool = message.Pool, Backend = message.Backend };
    }

    private long? ReadSince(Timestamp? since)
    {
        try
        {
            return since is null ? null : Before(control.Clock.GetUtcNow() - since.ToDateTimeOffset());
        }
        catch (InvalidOperationException)
        {
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, "stranded_since is no valid google.protobuf.Timestamp"));
        }
    }

    private static TimeSpan ReadTime(string field, Duration? message)
    {
        try
        {
            var time = message?.ToTimeSpan() ?? TimeSpan.Zero;
            if (time >= TimeSpan.Zero && time <= ClosingManner.Maximum)
                return time;
        }
        catch (InvalidOperationException)
        {
            // No valid google.protobuf.Duration: refused like one out of range.
        }
        throw new RpcException(new Status(StatusCode.InvalidArgument, $"{field} must be 0 to 1 day"));
    }

    private long? ReadAfter(Duration? after)
    {
        try
        {
            return after is null ? null : Before(after.ToTimeSpan());
        }
        catch (InvalidOperationException)
        {
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, "stranded_after is no valid google.protobuf.Duration"));
        }
    }

    // The clock's timestamp of that long ago.
    private long Before(TimeSpan ago)
    {
        var seconds = Math.Clamp(ago.TotalSeconds, -Longest.TotalSeconds, Longest.TotalSeconds);
        return control.Clock.GetTimestamp() - (long)(seconds * control.Clock.TimestampFrequency);
    }

    // On a thread of its own turn: the engine waits for its loops.
    private async Task<T> AskAsync<T>(Func<ProxyEngine, T> question)
    {
        try
        {
            return await Task.Run(() => question(control.Engine));
        }
        catch (Exception error) when (error is TimeoutException or InvalidOperationException)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
    }

    private static void CheckKnown(Engine.ConnectionSelector selector, Engine.ProxyTable table)
    {
        var pools = table.Pools.Where(pool => selector.Pool.Length == 0 || pool.Name == selector.Pool).ToList();
        var unknown =
            selector.Vip.Length > 0 && table.Listeners.All(listener => listener.Vip != selector.Vip)
                ? $"VIP \"{selector.Vip}\""
            : pools.Count == 0 && selector.Pool.Length > 0 ? $"pool \"{selector.Pool}\""
            : selector.Backend.Length > 0
                && pools.All(pool => pool.Backends.All(backend => backend.Name != selector.Backend))
                ? $"backend \"{selector.Pool}/{selector.Backend}\""
            : null;
        if (unknown is not null)
            throw new RpcException(new Status(
                StatusCode.NotFound, $"neither the table nor an open connection has a {unknown}"));
    }

    private static Proto.V1.ConnectionGroup Sum(Proto.V1.ConnectionGroup one, Proto.V1.ConnectionGroup other) =>
        new(one)
        {
            Fed = one.Fed + other.Fed,
            Stranded = one.Stranded + other.Stranded,
            HalfClosed = one.HalfClosed + other.HalfClosed,
            OldestAge = Longer(one.OldestAge, other.OldestAge),
            LongestIdle = Longer(one.LongestIdle, other.LongestIdle),
        };

    private static Duration Longer(Duration one, Duration other) => one.CompareTo(other) >= 0 ? one : other;

    private static Proto.V1.ConnectionGroup ToProto(Engine.ConnectionGroup group) => new()
    {
        Vip = group.Vip,
        Address = group.Endpoint.Address.ToString(),
        Port = (uint)group.Endpoint.Port,
        Pool = group.Pool,
        Backend = group.Backend,
        Fed = (uint)group.Fed,
        Stranded = (uint)group.Stranded,
        HalfClosed = (uint)group.HalfClosed,
        OldestAge = group.OldestAge.ToDuration(),
        LongestIdle = group.LongestIdle.ToDuration(),
    };
}
