using AnycastVip.BgpSpeaker.Bfd;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>All BFD sessions of the speaker. The thread behind it starts with the first of them.</summary>
/// <param name="secret">See <see cref="BfdDemultiplexer"/>.</param>
/// <param name="log">For what an operator should know.</param>
internal sealed class BfdTransport(ulong secret, ILogger log) : IDisposable
{
    /// <summary>How long a stop waits until every remote system has had time to hear AdminDown.</summary>
    public static readonly TimeSpan StopBound = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private BfdThread? _thread;

    /// <summary>Starts the thread, unless it runs.</summary>
    public BfdThread Start()
    {
        lock (_gate)
        {
            if (_thread is null)
            {
                _thread = new BfdThread(secret, log);
                _thread.Start();
            }
            return _thread;
        }
    }

    /// <summary>
    /// Takes up a session. One of the same name, or on the same path, that is leaving makes room at once; the same name
    /// has the same discriminator as before.
    /// </summary>
    /// <param name="target">What it is told.</param>
    /// <param name="tell">
    /// Hears every change of the local and of the remote state, on the BFD thread: it must return at once.
    /// </param>
    public BfdWatch Add(BfdTarget target, Action<BfdReport> tell) => new(Start(), target, tell);

    /// <summary>
    /// Takes every session to AdminDown and waits, within a bound, until each remote system has had a Detection Time to
    /// hear it (RFC 5880 section 6.8.16).
    /// </summary>
    public async Task StopAsync(TimeProvider clock)
    {
        BfdThread? thread;
        lock (_gate)
            thread = _thread;
        if (thread is null)
            return;
        var silent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        thread.Post(() =>
        {
            foreach (var session in thread.Sessions)
                BfdWatch.BeginLeaving(session);
            thread.WhenSilent(silent.SetResult);
        });
        await Task.WhenAny(silent.Task, Task.Delay(StopBound, clock));
    }

    /// <summary>Ends the thread, without a word to the remote systems.</summary>
    public void Dispose()
    {
        lock (_gate)
            _thread?.Post(_thread.End);
    }
}
