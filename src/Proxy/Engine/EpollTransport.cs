using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>
/// The transport for every kernel: edge-triggered epoll says where there is something to do, and system calls do it.
/// </summary>
internal sealed class EpollTransport : ITransport
{
    private const ulong WakeToken = ulong.MaxValue;
    private const Readiness Over = Readiness.Error | Readiness.HangUp;

    private readonly ConnectionTable _table;
    private readonly ITransportHandler _handler;
    private readonly Epoll _epoll = new();
    private readonly int _wake = Libc.OpenEvent();
    private readonly Relay _relay;
    private readonly Queue<ulong> _unfinished = new(1024);
    private int _events;

    public EpollTransport(ConnectionTable table, ITransportHandler handler)
    {
        _table = table;
        _handler = handler;
        _relay = new(table);
        _epoll.Watch(_wake, Readiness.Readable, WakeToken);
    }

    public void Start()
    {
    }

    public int Wait(int milliseconds)
    {
        // Those that are queued now, each once: a fast stream queues itself again.
        var unfinished = _unfinished.Count;
        _events = Math.Max(_epoll.Wait(unfinished > 0 ? 0 : milliseconds), 0);
        return _events + unfinished;
    }

    public void Handle(int index)
    {
        if (index >= _events)
        {
            GoOn(_unfinished.Dequeue());
            return;
        }
        var (token, readiness) = _epoll[index];
        if (token == WakeToken)
            Libc.ClearEvent(_wake);
        else if (_table.TryFind(token, out var fd))
            Handle(fd, readiness);
    }

    public void Wake() => Libc.SignalEvent(_wake);

    public void Listen(int listener) => _epoll.Watch(listener, Readiness.Readable, _table.TokenOf(listener));

    public void Pause(int listener, bool paused) =>
        _epoll.Rewatch(listener, paused ? Readiness.None : Readiness.Readable, _table.TokenOf(listener));

    public int Watch(int client) => _epoll.Watch(client, Readiness.StreamEdges, _table.TokenOf(client));

    public int Peek(int client, Span<byte> octets) => Math.Max(Libc.PeekAt(client, octets), 0);

    public void Skip(int client, int count) => _relay.Drop(client, count);

    // Only once a connect is under way: epoll reports a socket that was never connected as hung up.
    public int Connect(int backend, bool isConnected) =>
        _epoll.Watch(backend, Readiness.StreamEdges, _table.TokenOf(backend));

    public void Relay(int client)
    {
        ref var side = ref _table.Side(client);
        ref var partner = ref _table.Side(side.Partner);
        side.State |= SideState.Relaying;
        partner.State |= SideState.Relaying;
        if (Carry(client, client) && partner.Has(SideState.Readable))
            Carry(client, side.Partner);
    }

    public void Close(int fd, bool reset)
    {
        if (reset)
            Libc.ResetOnClose(fd);
        ref var side = ref _table.Side(fd);
        if (side.Kind == SideKind.Listener)
            _epoll.Unwatch(fd);
        _relay.Discard(ref side);
        _table.Forget(fd);
        Libc.CloseDescriptor(fd);
    }

    public void Dispose()
    {
        _relay.Dispose();
        _epoll.Dispose();
        Libc.CloseDescriptor(_wake);
    }

    private void Handle(int fd, Readiness readiness)
    {
        ref var side = ref _table.Side(fd);
        if (side.Kind == SideKind.Listener)
        {
            _handler.OnAcceptable(fd);
            return;
        }
        if ((readiness & (Readiness.PeerClosed | Over)) != 0)
            side.State |= SideState.Readable | SideState.Ending;
        else if ((readiness & Readiness.Readable) != 0)
            side.State |= SideState.Readable;
        if (side.Has(SideState.Relaying))
            HandleRelayed(fd, ref side, readiness);
        else if (side.Kind == SideKind.Client)
            HandleWaiting(fd, side, readiness);
        else if ((readiness & (Over | Readiness.Writable)) != 0)
            _handler.OnConnected(side.Partner, Libc.TakeError(fd));
    }

    // Before a backend is reached a client's events are only remembered, but for a reset.
    private void HandleWaiting(int client, in Side side, Readiness readiness)
    {
        if ((readiness & Over) != 0)
            _handler.OnAborted(client);
        else if (side.Has(SideState.Readable))
            _handler.OnFirstOctets(client);
    }

    private void HandleRelayed(int fd, ref Side side, Readiness readiness)
    {
        var client = ClientOf(fd, side);
        // The end was read long ago, so no receive call will find this reset.
        if ((readiness & Over) != 0 && side.Has(SideState.ReadEnded))
        {
            var errno = Libc.TakeError(fd);
            // Both ends alone hang a socket up, too: what was read before may still be on its way to the other side.
            if (errno != 0 || !side.Has(SideState.WriteEnded))
            {
                _handler.OnFailed(client, fd, errno);
                return;
            }
        }
        var hasRoom = (readiness & Readiness.Writable) != 0 && _relay.Holds(_table.Side(side.Partner));
        if (hasRoom && !Carry(client, side.Partner))
            return;
        if (side.Has(SideState.Readable))
            Carry(client, fd);
    }

    private void GoOn(ulong token)
    {
        if (!_table.TryFind(token, out var fd))
            return;
        ref var side = ref _table.Side(fd);
        side.State &= ~SideState.Queued;
        Carry(ClientOf(fd, side), fd);
    }

    private static int ClientOf(int fd, in Side side) => side.Kind == SideKind.Client ? fd : side.Partner;

    // Carries octets from one side to its partner and draws the conclusions; false when the connection is gone.
    private bool Carry(int client, int source)
    {
        var outcome = _relay.Pump(source, out var octets);
        if (octets > 0)
            _handler.OnCarried(client, source, octets);
        ref var from = ref _table.Side(source);
        switch (outcome)
        {
            case RelayOutcome.Unfinished when !from.Has(SideState.Queued):
                from.State |= SideState.Queued;
                _unfinished.Enqueue(_table.TokenOf(source));
                return true;
            case RelayOutcome.Ended when from.Has(SideState.WriteEnded):
                _handler.OnEnded(client);
                return false;
            case RelayOutcome.SourceFailed:
                _handler.OnFailed(client, source, Errno.ConnectionReset);
                return false;
            case RelayOutcome.SinkFailed:
                // A server that answers and resets at once (it did not want the rest) has still answered. The write
                // took the error, so the answer seems to end in order: that end must not be passed on.
                from.State |= SideState.WriteEnded;
                _relay.Pump(from.Partner, out octets);
                if (octets > 0)
                    _handler.OnCarried(client, from.Partner, octets);
                _handler.OnFailed(client, from.Partner, Errno.ConnectionReset);
                return false;
            default:
                return true;
        }
    }
}
