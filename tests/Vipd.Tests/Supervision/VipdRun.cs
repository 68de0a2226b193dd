using System.Globalization;
using System.Text.RegularExpressions;
using AnycastVip.Vipd.Tests.Processes;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary><c>vipd run</c> with a node whose sockets are in <paramref name="directory"/>.</summary>
internal sealed partial class VipdRun(string directory) : VipdProcess("run", Configure(directory))
{
    /// <summary>The ids of the speakers that it started, oldest first.</summary>
    public IReadOnlyList<int> Speakers => Started("speaker");

    /// <summary>The ids of the proxies, the same.</summary>
    public IReadOnlyList<int> Proxies => Started("proxy");

    /// <summary>Writes the configuration of such a node and returns its path.</summary>
    public static string Configure(string directory)
    {
        var file = Path.Combine(directory, "node.yaml");
        File.WriteAllText(file, $$"""
            version: 1
            node: {name: n1, asn: 65001, routerId: 10.0.0.1}
            api: {directory: {{directory}}}
            state: {directory: {{directory}}}
            speaker: {listen: []}
            """);
        return file;
    }

    private List<int> Started(string name) =>
        [.. Log.Select(line => StartedLine().Match(line))
            .Where(match => match.Success && match.Groups[1].Value == name)
            .Select(match => int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@" (\w+): started \(pid (\d+)\)$")]
    private static partial Regex StartedLine();
}
