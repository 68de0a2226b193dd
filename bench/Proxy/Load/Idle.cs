using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>Connections that carry one request and then nothing.</summary>
internal sealed class Idle : Workload
{
    private const int OpenedAtOnce = 64;

    /// <summary>How many there shall be.</summary>
    public int Wanted { get; set; }

    public override void Turn()
    {
        while (Connections < Wanted && Connections - Done < OpenedAtOnce)
            Open();
    }

    public override void OnEvent(int fd, Readiness readiness)
    {
        switch (Exchange(fd, readiness))
        {
            case Progress.Answered:
                Done++;
                break;
            case Progress.Lost:
                Lose(fd);
                break;
        }
    }

    protected override void OpenAll() => Turn();
}
