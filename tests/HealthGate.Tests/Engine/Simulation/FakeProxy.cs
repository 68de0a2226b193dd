using System.Net;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine.Simulation;

/// <summary>Keeps its table, opens what it can, and has clients.</summary>
internal sealed class FakeProxy(NodeClock clock, Action<GateInput> post)
{
    private static readonly TimeSpan SilenceBound = TimeSpan.FromMilliseconds(750);

    private readonly HashSet<IPEndPoint> _stolen = [];
    private readonly Dictionary<string, (int Fed, int Stranded, ulong Accepted)> _connections = [];
    private readonly List<Action> _unread = [];
    private readonly HashSet<IPEndPoint> _open = [];
    private SendTable? _table;
    private long _life;

    public bool IsAlive { get; private set; } = true;

    public bool IsHung { get; private set; }

    public bool IsConnected { get; private set; }

    /// <summary>Counts the gates that connected.</summary>
    public long Stream { get; private set; }

    public bool LiesAboutListeners { get; init; }

    /// <summary>What the kernel answers on: a hung proxy's backlog still takes connections.</summary>
    public bool Accepts(IPEndPoint endpoint) => _open.Contains(endpoint) && !_stolen.Contains(endpoint);

    public void Connect()
    {
        IsConnected = true;
        Stream++;
        var kept = _table?.Revision ?? 0;
        post(new ProxyConnected(kept));
        Report();
        Tick(Stream);
    }

    public void Disconnect()
    {
        IsConnected = false;
        _unread.Clear();
    }

    public void Crash()
    {
        clock.Trace($"proxy: crash");
        Disconnect();
        (IsAlive, IsHung, _table) = (false, false, null);
        _open.Clear();
        _life++;
        _connections.Clear();
        post(new ProxyLost("killed"));
        clock.After(clock.UpTo(3000), () => IsAlive = true);
    }

    /// <summary>Another process takes over, with listeners, table and connections.</summary>
    public void HandOver()
    {
        if (!IsConnected || IsHung)
            return;
        clock.Trace($"proxy: hands over");
        post(new ProxyHandedOver());
        Disconnect();
    }

    public void Hang()
    {
        if (!IsAlive || IsHung)
            return;
        clock.Trace($"proxy: hangs");
        IsHung = true;
        var life = _life;
        clock.After(SilenceBound, () =>
        {
            if (IsHung && life == _life && IsConnected)
            {
                Disconnect();
                post(new ProxyLost("silent"));
            }
        });
        clock.After(clock.UpTo(3000), () =>
        {
            if (life == _life)
                Wake();
        });
    }

    /// <summary>Another process takes or frees a port.</summary>
    public void Steal()
    {
        if (_table is not { Listeners.Count: > 0 } || !IsAlive || IsHung)
            return;
        var endpoint = EndpointOf(_table.Listeners[clock.Random.Next(_table.Listeners.Count)]);
        clock.Trace($"proxy: lost {endpoint}");
        _stolen.Add(endpoint);
        Report();
        clock.After(clock.UpTo(4000), () => _stolen.Remove(endpoint));
    }

    /// <summary>An order of the gate; a hung proxy reads it when it wakes up.</summary>
    public void Take(GateAction order)
    {
        if (!IsConnected)
            return;
        if (IsHung)
            _unread.Add(() => Take(order));
        else if (order is SendTable table)
            Apply(table);
        else if (order is CountVipConnections count)
            Count(count);
        else if (order is CloseVipConnections close)
            Close(close);
    }

    private void Wake()
    {
        IsHung = false;
        Action[] unread = [.. _unread];
        _unread.Clear();
        foreach (var act in unread)
            act();
    }

    private void Apply(SendTable table)
    {
        _table = table;
        _open.Clear();
        _open.UnionWith(table.Listeners.Select(EndpointOf));
        post(new TableApplied(table.Revision, [], false));
        Report();
    }

    private void Count(CountVipConnections order)
    {
        var (fed, stranded, accepted) = _connections.GetValueOrDefault(order.Selector.Vip);
        var at = clock.Now;
        post(new ConnectionsCountedByProxy(order.RequestId, at, fed, stranded, accepted));
    }

    private void Close(CloseVipConnections order)
    {
        var (fed, stranded, accepted) = _connections.GetValueOrDefault(order.Selector.Vip);
        _connections[order.Selector.Vip] = order.StrandedSince is null ? (0, 0, accepted) : (fed, 0, accepted);
        var closed = stranded + (order.StrandedSince is null ? fed : 0);
        post(new ConnectionsClosedByProxy(order.RequestId, closed));
    }

    /// <summary>A client comes to a VIP, others go, and some are moved away by ECMP.</summary>
    /// <param name="isRefused">Of a backend.</param>
    /// <param name="isReached">Of an address.</param>
    public void Serve(Func<IPEndPoint, bool> isRefused, Func<IPAddress, bool> isReached)
    {
        if (_table is not { Listeners.Count: > 0 } || !IsAlive || IsHung)
            return;
        var listener = _table.Listeners[clock.Random.Next(_table.Listeners.Count)];
        var (fed, stranded, accepted) = _connections.GetValueOrDefault(listener.Vip);
        (fed, stranded) = clock.Chance(4) && fed > 0 ? (fed - 1, stranded + clock.Random.Next(2)) : (fed, stranded);
        if (Accepts(EndpointOf(listener)) && isReached(listener.Address))
            (fed, accepted) = (fed + 1, accepted + 1);
        _connections[listener.Vip] = (fed, stranded, accepted);
        var pool = _table.Pools.First(pool => pool.Options.Name == listener.Options.Pool);
        var usable = pool.Backends.Where(backend => backend.Directive == BackendState.Up).ToList();
        if (usable.Count == 0 || !IsConnected)
            return;
        var backend = usable[clock.Random.Next(usable.Count)];
        if (!isRefused(backend.Options.Endpoint))
            return;
        var what = clock.Chance(5) ? Observation.TimedOut : Observation.Refused;
        post(new ConnectFailed(pool.Options.Name, backend.Options.Name, backend.Generation, what));
    }

    public void Heal()
    {
        _stolen.Clear();
        IsAlive = true;
        Wake();
        Report();
    }

    private static IPEndPoint EndpointOf(TableListener listener) => new(listener.Address, listener.Options.Port);

    private void Tick(long stream) => clock.After(TimeSpan.FromSeconds(1), () =>
    {
        if (!IsConnected || stream != Stream)
            return;
        Report();
        Tick(stream);
    });

    private void Report()
    {
        if (!IsConnected || IsHung)
            return;
        List<ProxyListener> listeners = [.. from listener in _table?.Listeners ?? []
                                            let endpoint = EndpointOf(listener)
                                            let isOpen = LiesAboutListeners || !_stolen.Contains(endpoint)
                                            select new ProxyListener(endpoint, isOpen, isOpen ? "" : "port taken", 0)];
        post(new ListenersReported(listeners));
    }
}
