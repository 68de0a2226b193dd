using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Api;

/// <summary>Reads the configuration file again, and applies what changed unless that is not wanted.</summary>
/// <param name="dryRun">Judge and compare only.</param>
public delegate Task<ReloadOutcome> ConfigReload(bool dryRun);

/// <summary>What a reload found and did.</summary>
/// <param name="IsApplied">False: the file has errors, or nothing was to be applied.</param>
/// <param name="Findings">Errors and warnings, all at once.</param>
/// <param name="Changes">What was changed, or would be.</param>
public sealed record ReloadOutcome(
    bool IsApplied, IReadOnlyList<ConfigFinding> Findings, IReadOnlyList<ConfigDifference> Changes);

/// <summary>An error or a warning about the configuration file, with its place.</summary>
/// <param name="Severity">How bad.</param>
/// <param name="File">Its path.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Text">What and the remedy.</param>
public sealed record ConfigFinding(Severity Severity, string File, int Line, int Column, string Text);

/// <summary>A key whose value differs between the file and what is in force.</summary>
/// <param name="Path">"vips.web.announce.med".</param>
/// <param name="OldValue">Null: it was not there.</param>
/// <param name="NewValue">Null: it is not there.</param>
/// <param name="NeedsRestartOf">The process that must be restarted for it; empty: it takes effect at once.</param>
public sealed record ConfigDifference(string Path, string? OldValue, string? NewValue, string NeedsRestartOf);
