using AnycastVip.StrictYaml;

namespace AnycastVip.Netlab.Model;

/// <summary>Reads binds: <c>source:destination</c>, with <c>:ro</c> for a node that may only read.</summary>
internal static class BindReader
{
    /// <summary>The type of one bind.</summary>
    /// <param name="directory">Where relative sources start.</param>
    public static ScalarType<Bind> TypeFor(string directory) =>
        TopologyTypes.Of<Bind>("source:destination[:ro]", text => Read(text, directory));

    private static ScalarResult<Bind> Read(string text, string directory)
    {
        var parts = text.Split(':');
        if (parts.Length == 1)
            return Unsupported($"the anonymous volume {text.Quoted()}", "write source:destination");
        if (parts.Length > 3 || parts[0].Length == 0 || !parts[1].StartsWith('/'))
            return new Refused($"{text.Quoted()} is not source:destination[:ro] with an absolute destination");
        if (parts.Length == 3 && parts[2] is not ("ro" or "rw"))
            return Unsupported($"bind option {parts[2].Quoted()}", "only 'ro' and 'rw' are");
        if (parts[0].StartsWith('~') || parts[0].Contains("__clab", StringComparison.Ordinal))
            return Unsupported($"'~' or '__clab...__' in the source {parts[0].Quoted()}");

        var source = Path.GetFullPath(parts[0], directory);
        if (!Path.Exists(source))
            return new Refused($"the source {parts[0].Quoted()} does not exist");
        var destination = Path.GetFullPath(parts[1]);
        if (DestinationFault(destination) is { } fault)
            return Unsupported($"the destination {destination.Quoted()}", fault);
        return new Bind(source, Directory.Exists(source), destination, parts is [_, _, "ro"]);
    }

    // A mount point that the host lacks is made in a private layer over the host's directory at the top of its path.
    private static string? DestinationFault(string destination)
    {
        var top = NodeLayers.TopDirectory(destination);
        if (top == destination)
            return "it must be below a directory of '/'";
        if (NodeLayers.Shared.Contains(top))
            return $"a node shares {top} with the host";
        return Directory.Exists(top) ? null : $"this machine has no {top} to lay it over";
    }

    private static Refused Unsupported(string what, string? hint = null) => new(TopologyTypes.NotSupported(what, hint));
}
