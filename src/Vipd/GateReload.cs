using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>
/// What <c>vipd gate</c> does on SIGHUP, and when its API is asked to: reads the file again, judges it whole, and
/// changes what differs.
/// </summary>
/// <param name="gate">The running gate.</param>
/// <param name="started">What the process was started with.</param>
/// <param name="path">The file.</param>
/// <param name="log">Takes what was found and what was done.</param>
internal sealed partial class GateReload(Gate gate, NodeConfiguration started, string path, ILogger log) : IDisposable
{
    // One reload at a time: a signal and the API may ask at once.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private NodeConfiguration _inForce = started;

    /// <summary>Reads the file, and applies it unless it has an error or this is a dry run.</summary>
    public async Task<ReloadOutcome> RunAsync(bool dryRun)
    {
        await _turn.WaitAsync();
        try
        {
            var (wanted, diagnostics) = ConfigurationFile.Load(path);
            var findings = diagnostics.Select(Finding).ToList();
            if (wanted is null)
            {
                if (!dryRun)
                    TellRefused(diagnostics);
                return new(false, findings, []);
            }
            var changes = ConfigurationDiff.Between(_inForce, wanted).Select(Difference).ToList();
            if (dryRun)
                return new(false, findings, changes);
            await gate.ReconfigureAsync(wanted.Gate);
            _inForce = wanted;
            Tell(changes);
            return new(true, findings, changes);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private static ConfigDifference Difference(ConfigurationChange change) =>
        new(change.Path, change.OldValue, change.NewValue, change.NeedsRestartOf);

    private static ConfigFinding Finding(Diagnostic diagnostic) => new(
        diagnostic.Severity == Severity.Error ? HealthGate.Engine.Severity.Error : HealthGate.Engine.Severity.Warning,
        diagnostic.File, diagnostic.Line, diagnostic.Column, diagnostic.Message);

    private void TellRefused(IEnumerable<Diagnostic> diagnostics)
    {
        foreach (var diagnostic in diagnostics)
            LogDiagnostic(log, diagnostic.Severity == Severity.Error ? LogLevel.Error : LogLevel.Warning, diagnostic);
        LogRefused(log);
    }

    private void Tell(List<ConfigDifference> changes)
    {
        foreach (var change in changes)
        {
            var (old, value) = (change.OldValue ?? "not set", change.NewValue ?? "not set");
            if (change.NeedsRestartOf.Length > 0)
                LogNeedsRestart(log, change.Path, old, value, change.NeedsRestartOf);
            else
                LogChange(log, change.Path, old, value);
        }
        if (changes.Count == 0)
            LogUnchanged(log);
    }

    [LoggerMessage(Message = "{Diagnostic}")]
    private static partial void LogDiagnostic(ILogger log, LogLevel level, Diagnostic diagnostic);

    [LoggerMessage(Level = LogLevel.Error, Message = "reload refused; the running configuration stays")]
    private static partial void LogRefused(ILogger log);

    [LoggerMessage(Level = LogLevel.Information, Message = "reload: {Path}: {Old} -> {New}")]
    private static partial void LogChange(ILogger log, string path, string old, string @new);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "reload: {Path}: {Old} -> {New}; takes effect when {Process} is restarted")]
    private static partial void LogNeedsRestart(ILogger log, string path, string old, string @new, string process);

    [LoggerMessage(Level = LogLevel.Information, Message = "reload: nothing has changed")]
    private static partial void LogUnchanged(ILogger log);
}
