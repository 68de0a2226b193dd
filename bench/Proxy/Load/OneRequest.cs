using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>
/// Connections of one request each, so many at a time. The backend closes first, as with HTTP/1.0: the clients' ports
/// are free again at once.
/// </summary>
internal sealed class OneRequest(int connections) : Workload
{
    private readonly bool[] _isAnswered = new bool[EventPump.MaximumDescriptors];

    /// <inheritdoc/>
    protected override byte Request => Backend.EchoOnce;

    public override void OnEvent(int fd, Readiness readiness)
    {
        if (!_isAnswered[fd])
        {
            switch (Exchange(fd, readiness))
            {
                case Progress.Lost:
                    Lose(fd);
                    OpenOne();
                    return;
                case Progress.Answered:
                    _isAnswered[fd] = true;
                    break;
            }
        }
        if (_isAnswered[fd] && Pump.Receive(fd) is not -Errno.TryAgain and var end)
            Finish(fd, end);
    }

    protected override void OpenAll()
    {
        for (var i = 0; i < connections; i++)
            OpenOne();
    }

    private void Finish(int fd, int end)
    {
        if (end == 0)
        {
            Done++;
            Close(fd);
        }
        else
            Lose(fd);
        OpenOne();
    }

    private void OpenOne()
    {
        var fd = Open();
        _isAnswered[fd] = false;
        // On loopback the connection often stands when connect() returns.
        TrySend(fd);
    }
}
