using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>Keeps what was logged, without the process ids, which differ from run to run.</summary>
internal sealed class LogLines : ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
            _lines.Add(Regex.Replace(formatter(state, exception), @" \(pid \d+\)", ""));
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;
}
