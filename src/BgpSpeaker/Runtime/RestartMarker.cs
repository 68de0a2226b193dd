using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// Tells a restart of the speaker from its first start: a file that an orderly stop removes, and a crash does not. It
/// names the clients whose announcements the routers may still keep (RFC 4724).
/// </summary>
/// <remarks>
/// It has no age: after the restart time no router keeps anything, and one that keeps nothing ignores the R and F bits.
/// </remarks>
/// <param name="path">The file, in a directory of the speaker's own.</param>
/// <param name="lineage">
/// One line that differs when forwarding cannot have gone on since the file was written: after a boot, or when the
/// other processes of the node have been started anew as well.
/// </param>
/// <param name="log">Takes what keeps the file from being written.</param>
public sealed partial class RestartMarker(string path, string lineage, ILogger log)
{
    private readonly Lock _gate = new();
    private string[]? _kept;
    private bool _isRemoved;

    /// <summary>The clients of the speaker before; null when this start is not a restart.</summary>
    internal IReadOnlyList<string>? Read()
    {
        try
        {
            return File.ReadAllLines(path) is [var found, .. var clients] && found == lineage ? clients : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Notes the clients that hold leases. Does nothing after <see cref="Remove"/>.</summary>
    internal void Keep(IEnumerable<string> clients)
    {
        lock (_gate)
        {
            string[] names = [.. clients];
            if (_isRemoved || _kept is not null && names.AsSpan().SequenceEqual(_kept))
                return;
            _kept = names;
            try
            {
                // A speaker that dies in between leaves the old file or the new one.
                File.WriteAllLines($"{path}.new", [lineage, .. names]);
                File.Move($"{path}.new", path, overwrite: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogNotWritten(path, error.Message);
            }
        }
    }

    /// <summary>The speaker stops for good: its next start is not a restart.</summary>
    internal void Remove()
    {
        lock (_gate)
        {
            _isRemoved = true;
            try
            {
                File.Delete(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogNotWritten(path, error.Message);
            }
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "{Path}: {Error}; a restart cannot be told from a first start")]
    private partial void LogNotWritten(string path, string error);
}
