namespace AnycastVip.Vipd.Configuration;

/// <summary>One setting that differs.</summary>
/// <param name="Path">Its keys, and names of items, with dots between them: <c>vips.web.announce.med</c>.</param>
/// <param name="OldValue">As the old file has it; null when it has not.</param>
/// <param name="NewValue">As the new file has it; null when it has not.</param>
/// <param name="NeedsRestartOf">
/// The process that takes the new value only when it starts: <c>speaker</c>, <c>gate</c> or <c>proxy</c>;
/// <c>all</c> of them; empty when a reload is enough.
/// </param>
public sealed record ConfigurationChange(string Path, string? OldValue, string? NewValue, string NeedsRestartOf);

/// <summary>What a reload would change.</summary>
public static class ConfigurationDiff
{
    private const string Secret = "(secret)";
    private const string Speaker = "speaker";
    private const string Gate = "gate";
    private const string Proxy = "proxy";
    private const string All = "all";

    private static readonly Dictionary<string, string> Restarts = new(StringComparer.Ordinal)
    {
        [PathOf(RootKeys.Node, NodeKeys.Name)] = Speaker,
        [PathOf(RootKeys.Node, NodeKeys.Asn)] = Speaker,
        [PathOf(RootKeys.Node, NodeKeys.RouterId)] = Speaker,
        [PathOf(RootKeys.Speaker, SpeakerKeys.Listen)] = Speaker,
        [PathOf(RootKeys.Api, ApiKeys.Directory)] = All,
        [PathOf(RootKeys.State, StateKeys.Directory)] = Gate,
        [PathOf(RootKeys.Proxy, ProxyKeys.Engine)] = Proxy,
    };

    /// <summary>The settings that differ, by path. A value that both files spell differently is a change.</summary>
    /// <param name="before">The configuration in force.</param>
    /// <param name="after">The one to be.</param>
    public static IReadOnlyList<ConfigurationChange> Between(NodeConfiguration before, NodeConfiguration after)
    {
        var settings =
            from path in before.Settings.Keys.Union(after.Settings.Keys)
            let old = before.Settings.GetValueOrDefault(path)
            let now = after.Settings.GetValueOrDefault(path)
            where old != now
            select new ConfigurationChange(path, old, now, Restarts.GetValueOrDefault(path, ""));
        return [.. settings.Concat(Secrets(before, after)).OrderBy(change => change.Path, StringComparer.Ordinal)];
    }

    // The file names only where a secret is: what is there may change under the same name.
    private static IEnumerable<ConfigurationChange> Secrets(NodeConfiguration before, NodeConfiguration after) =>
        from old in before.Speaker.Peers
        join now in after.Speaker.Peers on old.Name equals now.Name
        where old.Password != now.Password
        select new ConfigurationChange(
            $"{RootKeys.Peers.Name}.{old.Name}.password", Hidden(old.Password), Hidden(now.Password), "");

    private static string? Hidden(string? secret) => secret is null ? null : Secret;

    private static string PathOf(SectionKey section, Key key) => $"{section.Name}.{key.Name}";
}
