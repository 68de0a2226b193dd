using AnycastVip.Rpc;

namespace AnycastVip.Vipd.Supervision;

/// <summary>Waits for processes to listen on their Unix sockets.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns when each socket has accepted a connection.</summary>
    /// <exception cref="OperationCanceledException">That was not awaited.</exception>
    public static async Task WaitAsync(IEnumerable<string> paths, TimeProvider clock, CancellationToken cancellation)
    {
        foreach (var path in paths)
        {
            while (PeerCredentials.ListenerOf(path) is null)
                await Task.Delay(Interval, clock, cancellation);
        }
    }
}
