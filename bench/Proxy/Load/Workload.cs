using System.Net;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>What clients do with a proxy. Used by one thread.</summary>
internal abstract unsafe class Workload : ISocketOwner
{
    private readonly HashSet<int> _open = [];
    private readonly int[] _missing = new int[EventPump.MaximumDescriptors];
    private SocketName _target;

    /// <summary>Operations that were completed.</summary>
    public long Done { get; protected set; }

    /// <summary>Operations that failed, and connections that were lost.</summary>
    public long Failed { get; protected set; }

    /// <summary>Open connections.</summary>
    public int Connections => _open.Count;

    /// <summary>From the time when an operation was due until its answer was there, in stopwatch ticks.</summary>
    public virtual ReadOnlySpan<long> Latencies => [];

    /// <summary>Whether it asks for its turn all the time, because time alone may give it work.</summary>
    public virtual bool IsTimed => false;

    /// <summary>The first octet of its requests, which the backend obeys.</summary>
    protected virtual byte Request => Backend.Echo;

    /// <summary>The sockets' thread.</summary>
    protected EventPump Pump { get; private set; } = null!;

    /// <summary>Begins; its thread turns the pump from now on.</summary>
    public void Start(EventPump pump, IPEndPoint target)
    {
        (Pump, _target) = (pump, SocketName.Of(target));
        OpenAll();
    }

    /// <summary>What is counted from now on is measured.</summary>
    public virtual void Reset() => (Done, Failed) = (0, 0);

    /// <summary>Before each turn of the pump.</summary>
    public virtual void Turn()
    {
    }

    /// <summary>Closes all connections.</summary>
    public void Stop()
    {
        foreach (var fd in _open)
            Pump.Close(fd);
        _open.Clear();
    }

    public abstract void OnEvent(int fd, Readiness readiness);

    /// <summary>Opens the connections that it begins with.</summary>
    protected abstract void OpenAll();

    /// <summary>Begins to connect.</summary>
    protected int Open(Readiness readiness = Readiness.StreamEdges)
    {
        var fd = EventPump.Check(Libc.OpenStream(Libc.FamilyIPv4), "socket");
        Libc.SetOption(fd, Libc.LevelTcp, Libc.TcpNoDelay, 1);
        if (Libc.Connect(fd, _target) is < 0 and not -Errno.InProgress and var error)
            EventPump.Check(error, "connect");
        _open.Add(fd);
        _missing[fd] = 0;
        Pump.Watch(fd, readiness, this);
        return fd;
    }

    protected void Close(int fd)
    {
        _open.Remove(fd);
        Pump.Close(fd);
    }

    /// <summary>Closes a connection that went wrong.</summary>
    protected void Lose(int fd)
    {
        Failed++;
        Close(fd);
    }

    /// <summary>Sends a request once the connection takes it, and receives what has come of its answer.</summary>
    protected Progress Exchange(int fd, Readiness readiness)
    {
        ref var missing = ref _missing[fd];
        if (missing == 0)
            return TrySend(fd) || !readiness.HasFlag(Readiness.HangUp) ? Progress.Waits : Progress.Lost;
        var received = Pump.Receive(fd);
        if (received <= 0)
            return received == -Errno.TryAgain ? Progress.Waits : Progress.Lost;
        missing -= received;
        return missing == 0 ? Progress.Answered : Progress.Waits;
    }

    /// <summary>Sends a request; false: the connection does not take it now.</summary>
    protected bool TrySend(int fd)
    {
        Pump.Buffer[0] = Request;
        if (Libc.Send(fd, Pump.Buffer, Backend.MessageSize) != Backend.MessageSize)
            return false;
        _missing[fd] += Backend.MessageSize;
        return true;
    }

    /// <summary>How far an operation has come.</summary>
    protected enum Progress
    {
        Waits,
        Answered,
        Lost,
    }
}
