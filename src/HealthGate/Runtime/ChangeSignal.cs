namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// Counts changes and wakes everybody who waits for the next one; those that nobody waits for are not queued.
/// </summary>
internal sealed class ChangeSignal
{
    private TaskCompletionSource _next = New();
    private ulong _version;

    /// <summary>Grows with each change.</summary>
    public ulong Version => Volatile.Read(ref _version);

    /// <summary>Ends as soon as there is a later version than this one.</summary>
    public Task After(ulong version)
    {
        // Taken before the version is compared: a change in between ends it.
        var next = Volatile.Read(ref _next).Task;
        return Version == version ? next : Task.CompletedTask;
    }

    /// <summary>Something changed.</summary>
    public void Pulse()
    {
        Interlocked.Increment(ref _version);
        Interlocked.Exchange(ref _next, New()).SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
