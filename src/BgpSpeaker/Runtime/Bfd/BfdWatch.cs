using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>A session in the hands of whoever relies on it; its calls only leave word with the BFD thread.</summary>
internal sealed class BfdWatch
{
    private readonly BfdThread _thread;
    // The thread's alone.
    private BfdRunningSession _session = null!;

    /// <summary>Takes up the session: see <see cref="BfdTransport.Add"/>.</summary>
    public BfdWatch(BfdThread thread, BfdTarget target, Action<BfdReport> tell)
    {
        _thread = thread;
        thread.Post(() =>
        {
            foreach (var session in thread.Sessions.Where(session => session.MakesRoomFor(target)).ToArray())
                thread.Remove(session);
            _session = thread.Add(target, tell);
        });
    }

    /// <summary>Other timers, by a Poll Sequence where the session is Up.</summary>
    public void Configure(BfdSettings settings) => Take(BfdEvent.Configure(settings));

    /// <summary>Out of AdminDown.</summary>
    public void Enable() => Take(BfdEvent.Enable);

    /// <summary>To AdminDown.</summary>
    public void Disable() => Take(BfdEvent.Disable);

    /// <summary>To AdminDown, and gone once the remote system has had time to hear it.</summary>
    public void Leave() => _thread.Post(() => BeginLeaving(_session));

    /// <summary>The session as it is now.</summary>
    public Task<BfdStatus> StatusAsync()
    {
        var answer = new TaskCompletionSource<BfdStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Post(() => answer.SetResult(_session.Status()));
        return answer.Task;
    }

    internal static void BeginLeaving(BfdRunningSession session)
    {
        session.Take(BfdEvent.Disable, BootClock.Instance.Now());
        session.IsLeaving = true;
    }

    private void Take(BfdEvent happened) =>
        _thread.Post(() => _session.Take(happened, BootClock.Instance.Now()));
}
