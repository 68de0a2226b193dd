using System.Diagnostics;
using System.Globalization;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// Runs the engine's checks. Of the shell's loop, but for <paramref name="report"/>, which the scheduler calls.
/// </summary>
/// <param name="clock">Time of the checks.</param>
/// <param name="runsMax">Runs at once.</param>
/// <param name="seed">Spreads the first runs over nodes and starts.</param>
/// <param name="report">Takes reports, for <see cref="Read"/>; must neither block nor throw.</param>
internal sealed class CheckRunner(TimeProvider clock, int runsMax, ulong seed, Action<CheckReport> report)
    : IAsyncDisposable
{
    private const string Loopback = "lo";

    private readonly CheckScheduler _scheduler = new(clock, runsMax, report);
    private readonly Dictionary<CheckId, string> _names = [];
    private readonly Dictionary<string, CheckId> _ids = [];
    private ulong _started;

    /// <summary>The scheduler's loop. If it ends before the disposal, that is a bug.</summary>
    public Task Completion => _scheduler.Completion;

    /// <summary>Starts a check instead of one with the same id.</summary>
    public void Start(StartCheck order)
    {
        Stop(order.Id);
        // Each start has a name of its own, so that a late report of the check before it proves nothing.
        var name = $"{order.Id} #{++_started}";
        _names.Add(order.Id, name);
        _ids.Add(name, order.Id);
        _scheduler.Add(new(name, order.Settings, Probe(order), seed + _started));
    }

    /// <summary>Ends a check, if there is one of that id.</summary>
    public void Stop(CheckId id)
    {
        if (!_names.Remove(id, out var name))
            return;
        _ids.Remove(name);
        _scheduler.Remove(name);
    }

    /// <summary>Passes an input on, if there is a check of that id.</summary>
    public void Tell(CheckId id, CheckInput input)
    {
        if (_names.TryGetValue(id, out var name))
            _scheduler.Tell(name, input);
    }

    /// <summary>What a report says to the engine; null: it is of a check that was stopped or replaced.</summary>
    public CheckChanged? Read(CheckReport report) =>
        _ids.TryGetValue(report.Name, out var id) ? new(id, report.State) : null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _scheduler.DisposeAsync();

    private static IProbe Probe(StartCheck order) => (order.Kind, order.Target) switch
    {
        (CheckKind.Tcp, { } target) => new TcpProbe(
            target, order.OnLoopback ? Loopback : null, OwnHeader.Of(order.ProxyProtocol)),
        (CheckKind.Http http, { } target) => new HttpProbe(new()
        {
            Target = target,
            Path = http.Path,
            Host = http.Host,
            Header = OwnHeader.Of(order.ProxyProtocol),
            ExpectedStatus = [.. http.ExpectedStatus.Split(',').Select(StatusRange)],
        }),
        (CheckKind.Exec exec, _) =>
            new ExecProbe(exec.File, exec.Arguments.Split('\0', StringSplitOptions.RemoveEmptyEntries)),
        _ => throw new UnreachableException($"{order.Id}: a check of the network has a target"),
    };

    private static StatusRange StatusRange(string text)
    {
        var bounds = text.Split('-');
        return new(Number(bounds[0]), Number(bounds[^1]));

        static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
    }
}
