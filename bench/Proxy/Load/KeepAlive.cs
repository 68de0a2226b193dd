using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>Each connection sends its next request when it has the answer to the last one.</summary>
internal sealed class KeepAlive(int connections) : Workload
{
    public override void OnEvent(int fd, Readiness readiness)
    {
        switch (Exchange(fd, readiness))
        {
            case Progress.Answered:
                Done++;
                TrySend(fd);
                break;
            case Progress.Lost:
                Lose(fd);
                Open();
                break;
        }
    }

    protected override void OpenAll()
    {
        for (var i = 0; i < connections; i++)
            Open();
    }
}
