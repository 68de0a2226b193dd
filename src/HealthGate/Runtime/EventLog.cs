using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// What happened: the newest events in memory, and more of them in a file that outlives the process. Nobody waits for
/// the disk: what it does not take is missing in the file, loudly. Safe for concurrent use.
/// </summary>
public sealed partial class EventLog : IAsyncDisposable
{
    /// <summary>Events that are kept in memory.</summary>
    public const int MaximumKept = 10_000;

    // Events that wait for a slow disk.
    private const int MaximumUnwritten = 10_000;

    private readonly ILogger _log;
    private readonly EventFile _file;
    private readonly Task _writing;
    private readonly Channel<LoggedEvent> _unwritten = Channel.CreateBounded<LoggedEvent>(
        new BoundedChannelOptions(MaximumUnwritten) { SingleReader = true });

    // Guards the kept events, the followers and LastId.
    private readonly Lock _lock = new();
    private readonly Queue<LoggedEvent> _kept;
    private readonly HashSet<EventFollower> _followers = [];

    // Belong to the writing; the count also to Append.
    private volatile string? _writeError;
    private long _unsaved;

    private EventLog(EventFile file, IEnumerable<LoggedEvent> kept, ILogger log)
    {
        (_file, _log) = (file, log);
        _kept = new(kept);
        LastId = _kept.Count == 0 ? 0 : _kept.Max(happened => happened.Id);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Reads the newest events back. What cannot be read is missing, and the log says so.</summary>
    /// <param name="directory">An existing directory, which no other process uses.</param>
    /// <param name="log">Takes troubles with the file.</param>
    public static EventLog Open(string directory, ILogger log)
    {
        var file = new EventFile(directory);
        try
        {
            return new(file, file.ReadAll().TakeLast(MaximumKept), log);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(log, directory, e.Message);
            return new(file, [], log);
        }
    }

    /// <summary>The writing. It ends with <see cref="DisposeAsync"/>; if it fails before, that is a bug.</summary>
    internal Task Completion => _writing;

    /// <summary>The newest event's; 0: there is none.</summary>
    public ulong LastId { get; private set; }

    /// <summary>
    /// Why events are missing in the file, and the remedy, in one line; null: the last ones are there.
    /// </summary>
    public string? WriteError => _writeError;

    /// <summary>Keeps an event, tells the followers, and lets it be written.</summary>
    public void Append(LoggedEvent happened)
    {
        lock (_lock)
        {
            LastId = happened.Id;
            _kept.Enqueue(happened);
            if (_kept.Count > MaximumKept)
                _kept.Dequeue();
            foreach (var follower in _followers)
                follower.Tell(happened);
        }
        if (!_unwritten.Writer.TryWrite(happened))
            Interlocked.Increment(ref _unsaved);
    }

    /// <summary>The kept events that a query asks for.</summary>
    public EventPage Read(EventQuery query)
    {
        lock (_lock)
        {
            var after = _kept.Where(happened => happened.Id > query.AfterId).ToList();
            var lost = LastId > query.AfterId ? LastId - query.AfterId - (ulong)after.Count : 0;
            return new([.. after.Where(query.Accepts).TakeLast(query.Limit)], lost);
        }
    }

    /// <summary>The same, and every event from then on; the limit holds for the first ones.</summary>
    public EventFollower Follow(EventQuery query)
    {
        lock (_lock)
        {
            var follower = new EventFollower(query, Read(query), Forget);
            _followers.Add(follower);
            return follower;
        }
    }

    /// <summary>Ends the following of all, and writes what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            foreach (var follower in _followers)
                follower.End();
        }
        _unwritten.Writer.TryComplete();
        await _writing;
        _file.Dispose();
    }

    private void Forget(EventFollower follower)
    {
        lock (_lock)
            _followers.Remove(follower);
    }

    private async Task WriteAsync()
    {
        using var lines = new MemoryStream();
        while (await _unwritten.Reader.WaitToReadAsync())
        {
            var count = 0;
            lines.SetLength(0);
            while (lines.Length < EventFile.MaximumOctets / 4 && _unwritten.Reader.TryRead(out var happened))
            {
                lines.Write(EventLine.Write(happened));
                count++;
            }
            Write(lines.GetBuffer().AsSpan(0, (int)lines.Length), count);
        }
    }

    private void Write(ReadOnlySpan<byte> lines, int count)
    {
        try
        {
            _file.Append(lines);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Interlocked.Add(ref _unsaved, count);
            var error = $"events are not saved ({e.Message}): they are lost with this process; free disk space or " +
                "make the state directory writable";
            if (_writeError is null)
                LogWriteError(error);
            _writeError = error;
            return;
        }
        _writeError = null;
        if (Interlocked.Exchange(ref _unsaved, 0) is var unsaved and > 0)
            LogSavedAgain(unsaved);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Directory}: old events cannot be read: {Error}")]
    private static partial void LogUnreadable(ILogger log, string directory, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Error}")]
    private partial void LogWriteError(string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "events are saved again; {Count} are missing in the file")]
    private partial void LogSavedAgain(long count);
}
