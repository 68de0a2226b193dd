using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>How connections are closed by an order.</summary>
/// <param name="Spread">Over this time one after the other, evenly; zero: all at once.</param>
/// <param name="Grace">From the FIN to both sides until what is left is reset; zero: a reset without a FIN.</param>
public readonly record struct ClosingManner(TimeSpan Spread, TimeSpan Grace)
{
    /// <summary>The longest that either may be.</summary>
    public static readonly TimeSpan Maximum = TimeSpan.FromDays(1);
}

/// <summary>Closing connections by an order: spread over a while, with an end first.</summary>
internal sealed partial class LoopWorker
{
    // By the client's descriptor: only what is being closed pays for it.
    private readonly Dictionary<int, Closing> _closing = [];

    /// <summary>Closes the selected connections, or begins to; then those on their way already go on so.</summary>
    /// <returns>How many there were, without those on their way already.</returns>
    public int CloseSelected(ConnectionSelector selector, long? strandedSince, ClosingManner manner)
    {
        var selected = new List<int>();
        for (var client = _firstClient; client >= 0; client = _table.Connection(client).Next)
        {
            if (IsSelected(_table.Connection(client), selector, out _, out _)
                && (strandedSince is null || IsStranded(client, strandedSince))
                && (manner == default || !_closing.ContainsKey(client)))
                selected.Add(client);
        }
        var known = selected.Count(_closing.ContainsKey);
        foreach (var (index, client) in selected.Index())
        {
            // Nothing has been answered to one that has no backend yet.
            if (manner == default || _table.Connection(client).Phase != ConnectionPhase.Relaying)
            {
                Close(client, reset: true);
                continue;
            }
            var endsAt = _loop.Now + (long)(manner.Spread.TotalMilliseconds * index / selected.Count);
            _closing.Add(client, new(endsAt, endsAt + (long)manner.Grace.TotalMilliseconds));
            _timers.Set(client, endsAt);
        }
        return selected.Count - known;
    }

    private bool IsClosing(int client) => _closing.Count > 0 && _closing.ContainsKey(client);

    private void GoOnClosing(int client)
    {
        var closing = _closing[client];
        if (_loop.Now >= closing.ResetsAt)
        {
            Close(client, reset: true);
            return;
        }
        if (_loop.Now >= closing.EndsAt)
        {
            // What a side is still owed goes before its end, or never.
            var backend = _table.Side(client).Partner;
            End(client, after: backend);
            End(backend, after: client);
        }
        _timers.Set(client, _loop.Now < closing.EndsAt ? closing.EndsAt : closing.ResetsAt);
    }

    private unsafe void End(int fd, int after)
    {
        ref var source = ref _table.Side(after);
        if (source.Pending == null && source.Pipe == 0 && !_table.Side(fd).Has(SideState.WriteEnded))
            Libc.ShutDown(fd, Libc.ShutdownWrite);
    }

    private readonly record struct Closing(long EndsAt, long ResetsAt);
}
