using System.Text.Json;
using System.Text.Json.Serialization;

namespace AnycastVip.Netlab.Deployment;

/// <summary>
/// What netlab knows of a deployed lab: written before each thing is made, so that <c>destroy</c> finds all of it
/// after a crash, and the proof that a namespace is netlab's own.
/// </summary>
/// <param name="Name">The lab's name.</param>
/// <param name="Nodes">Its nodes.</param>
internal sealed record LabState(string Name, IReadOnlyList<NodeState> Nodes)
{
    /// <summary>Holds a directory for each deployed lab; gone after a boot, as are the labs.</summary>
    public const string Root = "/run/netlab";

    /// <summary>The lab's directory.</summary>
    public static string DirectoryOf(string lab) => Path.Combine(Root, lab);

    /// <summary>What a node's long-running command writes.</summary>
    public static string LogOf(string lab, string node) => Path.Combine(DirectoryOf(lab), $"{node}.log");

    /// <summary>The state of a deployed lab; null when none of that name is deployed.</summary>
    public static LabState? Find(string lab)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(ManifestOf(lab)), LabStateJson.Default.LabState);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The names of all deployed labs.</summary>
    public static IReadOnlyList<string> DeployedNames() => Directory.Exists(Root)
        ? [.. Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Writes the state of a lab that must not be deployed yet; false when it is.</summary>
    public bool TryCreate() => Write(overwrite: false);

    /// <summary>Replaces the state on disk.</summary>
    public void Save() => Write(overwrite: true);

    /// <summary>Removes the state from disk, logs included.</summary>
    public static void Delete(string lab)
    {
        Directory.Delete(DirectoryOf(lab), recursive: true);
        try
        {
            Directory.Delete(Root);
        }
        catch (IOException)
        {
            // Other labs are deployed.
        }
    }

    private static string ManifestOf(string lab) => Path.Combine(DirectoryOf(lab), "manifest.json");

    // A rename is whole or not at all: a crash leaves the old manifest or the new one.
    private bool Write(bool overwrite)
    {
        var manifest = ManifestOf(Name);
        Directory.CreateDirectory(DirectoryOf(Name));
        var draft = $"{manifest}.{Environment.ProcessId}";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(this, LabStateJson.Default.LabState));
        try
        {
            File.Move(draft, manifest, overwrite);
            return true;
        }
        catch (IOException) when (!overwrite && File.Exists(manifest))
        {
            File.Delete(draft);
            return false;
        }
    }
}

/// <summary>What netlab knows of a deployed node.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Namespace">The name of its network namespace.</param>
/// <param name="InitPid">The process that holds its other namespaces; 0 until that is started.</param>
/// <param name="InitStartTime">That process's start time, see <see cref="ProcessFiles.StartTime"/>.</param>
internal sealed record NodeState(string Name, string Namespace, int InitPid = 0, long InitStartTime = 0)
{
    /// <summary>Whether the node's init still runs; false also for another process that got its pid.</summary>
    [JsonIgnore]
    public bool IsRunning => InitPid != 0 && ProcessFiles.StartTime(InitPid) == InitStartTime;
}

/// <summary>How the state is serialized.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabState))]
internal sealed partial class LabStateJson : JsonSerializerContext;
