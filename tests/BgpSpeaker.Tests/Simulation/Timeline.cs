namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>Virtual time: what is due runs in the order of moments, and of planning within one.</summary>
internal sealed class Timeline
{
    // Far beyond what the longest burst of a run takes; a loop that plans itself at once would pass any bound.
    private const int MaximumStepsPerSecond = 50_000;

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _queue = new();
    private long _order;
    private long _second;
    private int _stepsThisSecond;

    // Not zero, so that nothing works only because the clock began with the run.
    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(1000);

    public void At(TimeSpan when, Action action) => _queue.Enqueue(action, (when < Now ? Now : when, ++_order));

    public void After(TimeSpan wait, Action action) => At(Now + wait, action);

    /// <summary>Runs everything up to <paramref name="until"/>.</summary>
    public void RunUntil(TimeSpan until)
    {
        while (_queue.TryPeek(out _, out var due) && due.At <= until)
        {
            var action = _queue.Dequeue();
            Now = due.At;
            CountStep();
            action();
        }
        Now = until;
    }

    private void CountStep()
    {
        var second = (long)Now.TotalSeconds;
        _stepsThisSecond = second == _second ? _stepsThisSecond + 1 : 0;
        _second = second;
        if (_stepsThisSecond > MaximumStepsPerSecond)
            throw new InvariantBroken(Invariant.NoSpin, $"more than {MaximumStepsPerSecond} events in one second");
    }
}
