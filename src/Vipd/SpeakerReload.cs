using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.StrictYaml;
using AnycastVip.Vipd.Configuration;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Vipd;

/// <summary>What <c>vipd speaker</c> does on SIGHUP: reads its file again and changes what differs.</summary>
/// <param name="speaker">The running speaker.</param>
/// <param name="started">What the process was started with.</param>
/// <param name="path">The file.</param>
/// <param name="log">Takes what was found and what was done.</param>
internal sealed partial class SpeakerReload(
    Speaker speaker, NodeConfiguration started, string path, ILogger log)
{
    /// <summary>Reads and applies the file; one with an error in it changes nothing.</summary>
    public async Task RunAsync()
    {
        var (wanted, diagnostics) = ConfigurationFile.Load(path);
        foreach (var diagnostic in diagnostics)
            LogDiagnostic(log, diagnostic.Severity == Severity.Error ? LogLevel.Error : LogLevel.Warning, diagnostic);
        if (wanted is null)
        {
            LogRefused(log);
            return;
        }
        var changes = await speaker.ReconfigureAsync(wanted.Speaker);
        if (wanted.ApiDirectory != started.ApiDirectory)
            changes = [.. changes, new SpeakerChange("API directory", ChangeEffect.NeedsRestart)];
        foreach (var change in changes)
        {
            var level = change.Effect == ChangeEffect.NeedsRestart ? LogLevel.Warning : LogLevel.Information;
            LogChange(log, level, change);
        }
        if (changes.Count == 0)
            LogUnchanged(log);
    }

    [LoggerMessage(Message = "{Diagnostic}")]
    private static partial void LogDiagnostic(ILogger log, LogLevel level, Diagnostic diagnostic);

    [LoggerMessage(Level = LogLevel.Error, Message = "reload refused; the running configuration stays")]
    private static partial void LogRefused(ILogger log);

    [LoggerMessage(Message = "reload: {Change}")]
    private static partial void LogChange(ILogger log, LogLevel level, SpeakerChange change);

    [LoggerMessage(Level = LogLevel.Information, Message = "reload: nothing has changed")]
    private static partial void LogUnchanged(ILogger log);
}
