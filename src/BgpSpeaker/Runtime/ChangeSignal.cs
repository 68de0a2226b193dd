namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>Wakes everybody who waits for the next change; changes that nobody waits for are not queued.</summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource _next = New();

    /// <summary>Completes at the first <see cref="Pulse"/> after this call.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Something changed.</summary>
    public void Pulse() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
