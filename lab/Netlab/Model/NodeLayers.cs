namespace AnycastVip.Netlab.Model;

/// <summary>
/// How a node's file system differs from the host's: it is the host's, with private writable layers over the
/// directories that are the node's own, so that what a node writes there is seen by no other node and is gone with the
/// lab.
/// </summary>
internal static class NodeLayers
{
    /// <summary>Directories that every node has for itself, with the host's content beneath.</summary>
    public static readonly IReadOnlyCollection<string> Private = ["/etc", "/var"];

    /// <summary>
    /// A directory that every node has for itself, empty at first: the host's holds live sockets and pids.
    /// </summary>
    public const string Volatile = "/run";

    /// <summary>
    /// Directories in which nothing can be laid over: kernel file systems, and the way to exchange files.
    /// </summary>
    public static readonly IReadOnlyCollection<string> Shared = ["/dev", "/proc", "/sys", "/tmp"];

    /// <summary><c>/etc</c> of <c>/etc/frr/daemons</c>.</summary>
    public static string TopDirectory(string absolutePath)
    {
        var end = absolutePath.IndexOf('/', 1);
        return end < 0 ? absolutePath : absolutePath[..end];
    }

    /// <summary>
    /// Where the layer over a directory keeps what the node writes; both must exist before it is mounted.
    /// </summary>
    public static (string Upper, string Work) StoreOf(string directory) =>
        ($"{Volatile}/netlab{directory}/upper", $"{Volatile}/netlab{directory}/work");

    /// <summary>The directories over which a node with these binds gets a private layer, sorted.</summary>
    public static IEnumerable<string> Of(IEnumerable<Bind> binds) =>
        Private
            .Concat(binds.Select(bind => TopDirectory(bind.Destination)))
            .Where(top => top != Volatile)
            .Distinct()
            .Order(StringComparer.Ordinal);
}
