using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>Accepting.</summary>
internal sealed partial class LoopWorker
{
    private const int AcceptsPerTurn = 64;
    private const int RetryMilliseconds = 20;

    // The gate's probe connects and resets at once; a client on this node that expects the server to speak first waits
    // this long for it.
    private static readonly TimeSpan LocalPatience = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<int, LoopListener> _listeners = [];
    private int _pausedListeners;

    /// <summary>Starts to accept on this loop's sockets of a listener.</summary>
    public void AddListener(ListenerEntry entry)
    {
        foreach (var socket in entry.SocketsOf(_index, _shared.Loops))
        {
            _listeners.Add(socket, new(entry, socket));
            _table.Open(socket, SideKind.Listener);
            Transport.Listen(socket);
        }
    }

    /// <summary>Takes what waits in the backlogs, as far as the limits allow, and closes the sockets.</summary>
    public void RemoveListener(ListenerEntry entry) => CloseListener(entry, empties: true);

    /// <summary>Closes the sockets, of which another process has copies: what waits is for that.</summary>
    public void LeaveListener(ListenerEntry entry) => CloseListener(entry, empties: false);

    private void CloseListener(ListenerEntry entry, bool empties)
    {
        foreach (var socket in entry.SocketsOf(_index, _shared.Loops))
        {
            _listeners.Remove(socket, out var listener);
            while (empties && Accept(listener!)) { }
            SetStarved(listener!, false);
            SetPaused(listener!, false);
            Transport.Close(socket, reset: false);
        }
    }

    public void OnAcceptable(int listener) => Accept(_listeners[listener]);

    public void OnFirstOctets(int client)
    {
        var phase = _table.Connection(client).Phase;
        if (phase == ConnectionPhase.Prologue)
            ReadPrologue(client);
        else if (phase == ConnectionPhase.Waiting && Transport.Peek(client, stackalloc byte[1]) > 0)
            Admit(client);
    }

    public void OnAborted(int client) => Close(client, reset: true);

    // True when there may be more to accept at once.
    private bool Accept(LoopListener listener)
    {
        var entry = listener.Entry;
        for (var i = 0; i < AcceptsPerTurn; i++)
        {
            if (!TryReserve(entry))
            {
                SetStarved(listener, false);
                Pause(listener, 0);
                return false;
            }
            var client = Libc.Accept(listener.Socket, out var peer);
            if (client >= 0 && client < _table.Capacity)
            {
                SetStarved(listener, false);
                Begin(client, entry, peer);
                continue;
            }
            Release(entry.Clients);
            if (client == -Errno.TryAgain)
            {
                SetStarved(listener, false);
                SetPaused(listener, false);
                return false;
            }
            if (client >= 0 || Errno.IsLocalShortage(-client))
            {
                Interlocked.Increment(ref entry.AcceptErrors);
                if (client >= 0)
                    Libc.CloseDescriptor(client);
                SetStarved(listener, true);
                Pause(listener, RetryMilliseconds);
                return false;
            }
            // What is left is an error of that one connection, gone before it was accepted (accept(2)).
        }
        return true;
    }

    private void Begin(int client, ListenerEntry entry, in SocketName peer)
    {
        var isLocal = peer.HasAddressOf(entry.Name);
        if (isLocal)
        {
            // Only now is it known that the listener's limit is not for this one.
            entry.Local.Connections.TryReserve(0);
            entry.Clients.Connections.Release();
        }
        _table.Open(client, SideKind.Client);
        ref var connection = ref _table.Connection(client);
        connection = new()
        {
            ListenerSlot = entry.Slot,
            IsLocal = isLocal,
            Phase = isLocal ? ConnectionPhase.Waiting : ConnectionPhase.Connecting,
            AcceptedAt = _loop.Now,
            LastActivity = _loop.Now,
            Peer = PeerAddress.Of(peer),
        };
        CountAccepted(connection);
        Link(client, ref connection);
        // Behind other proxies the source is known once they have named it.
        var isSourceKnown = entry.Route.Listener.ProxyProtocol is null;
        if (isSourceKnown && !TryAdmitSource(ref connection, entry) || Transport.Watch(client) < 0)
            Close(client, reset: true);
        else if (isLocal)
            _timers.Set(client, _loop.TimeAfter(LocalPatience));
        else
            Admit(client);
    }

    private void Link(int client, ref Connection connection)
    {
        connection.Previous = -1;
        connection.Next = _firstClient;
        if (_firstClient >= 0)
            _table.Connection(_firstClient).Previous = client;
        _firstClient = client;
        Volatile.Write(ref _count, _count + 1);
    }

    private void Unlink(in Connection connection)
    {
        if (connection.Previous >= 0)
            _table.Connection(connection.Previous).Next = connection.Next;
        else
            _firstClient = connection.Next;
        if (connection.Next >= 0)
            _table.Connection(connection.Next).Previous = connection.Previous;
        Volatile.Write(ref _count, _count - 1);
    }

    private bool TryReserve(ListenerEntry entry)
    {
        if (!_shared.Connections.TryReserve(_shared.MaxConnections))
            return false;
        if (entry.Clients.Connections.TryReserve(entry.Route.Listener.MaxConnections))
            return true;
        _shared.Connections.Release();
        return false;
    }

    private void Release(ListenerCounts counts)
    {
        counts.Connections.Release();
        _shared.Connections.Release();
    }

    // Room may come from another loop's connection, which does not tell us: a paused listener is asked again and again.
    private long RetryPausedListeners()
    {
        if (_pausedListeners == 0)
            return long.MaxValue;
        foreach (var listener in _listeners.Values)
        {
            if (listener.IsPaused && _loop.Now >= listener.RetryAt && Accept(listener))
                SetPaused(listener, false);
        }
        return _pausedListeners == 0 ? long.MaxValue : _loop.Now + RetryMilliseconds;
    }

    private void Pause(LoopListener listener, int milliseconds)
    {
        listener.RetryAt = _loop.Now + milliseconds;
        SetPaused(listener, true);
    }

    private void SetPaused(LoopListener listener, bool paused)
    {
        if (listener.IsPaused == paused)
            return;
        listener.IsPaused = paused;
        var change = paused ? 1 : -1;
        _pausedListeners += change;
        Interlocked.Add(ref listener.Entry.Paused, change);
        Transport.Pause(listener.Socket, paused);
    }

    private void SetStarved(LoopListener listener, bool starved)
    {
        if (listener.IsStarved == starved)
            return;
        listener.IsStarved = starved;
        listener.Entry.NoteStarved(starved, Time);
    }

    private sealed class LoopListener(ListenerEntry entry, int socket)
    {
        public ListenerEntry Entry => entry;

        public int Socket => socket;

        public bool IsPaused { get; set; }

        /// <summary>The last attempt to accept failed for want of descriptors or memory.</summary>
        public bool IsStarved { get; set; }

        public long RetryAt { get; set; }
    }
}
