using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>Streams from the backend to clients that drop what they receive; an octet is an operation.</summary>
internal sealed class Download(int streams) : Workload
{
    private readonly HashSet<int> _asked = [];

    /// <inheritdoc/>
    protected override byte Request => Backend.Stream;

    public override void OnEvent(int fd, Readiness readiness)
    {
        if (!_asked.Contains(fd))
        {
            if (!TrySend(fd))
                return;
            _asked.Add(fd);
            Pump.Rewatch(fd, Readiness.Readable, this);
        }
        else if (EventPump.Discard(fd) is > 0 and var received)
            Done += received;
        else if (readiness != Readiness.Readable)
        {
            _asked.Remove(fd);
            Lose(fd);
            Open();
        }
    }

    protected override void OpenAll()
    {
        for (var i = 0; i < streams; i++)
            Open();
    }
}
