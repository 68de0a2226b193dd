namespace AnycastVip.HealthGate.Runtime;

/// <summary>
/// The events on disk: a file of lines that becomes the older one of two when it is full. A line is whole or is not
/// there: what a crash tore is cut off. For one user at a time.
/// </summary>
/// <param name="directory">An existing directory.</param>
internal sealed class EventFile(string directory) : IDisposable
{
    /// <summary>Of one of the two files.</summary>
    public const int MaximumOctets = 4 * 1024 * 1024;

    private const byte LineEnd = (byte)'\n';

    private readonly string _path = Path.Combine(directory, "events.jsonl");
    private FileStream? _file;
    // Up to here all lines are whole.
    private long _length;

    private string OlderPath => _path + ".1";

    /// <summary>Every event of both files that can be read, the oldest first.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public IEnumerable<LoggedEvent> ReadAll()
    {
        foreach (var path in new[] { OlderPath, _path }.Where(File.Exists))
        {
            var octets = File.ReadAllBytes(path);
            for (int start = 0, length; (length = octets.AsSpan(start).IndexOf(LineEnd)) >= 0; start += length + 1)
                if (EventLine.Read(octets.AsSpan(start, length)) is { } happened)
                    yield return happened;
        }
    }

    /// <summary>Appends lines, all of them or none.</summary>
    /// <exception cref="IOException">It cannot be done, as on a full disk.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void Append(ReadOnlySpan<byte> lines)
    {
        try
        {
            var file = _file ?? Open();
            if (_length > 0 && _length + lines.Length > MaximumOctets)
                file = Rotate(file);
            file.Position = _length;
            file.Write(lines);
            _length += lines.Length;
        }
        catch
        {
            // The next attempt opens the file anew, and cuts off what this one left.
            Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; the next append opens it again.</summary>
    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
    }

    private FileStream Open()
    {
        _file = new FileStream(_path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        });
        _length = WholeLines(_file);
        _file.SetLength(_length);
        return _file;
    }

    private FileStream Rotate(FileStream file)
    {
        file.Dispose();
        File.Move(_path, OlderPath, overwrite: true);
        return Open();
    }

    // The octets up to the end of the last whole line.
    private static long WholeLines(FileStream file)
    {
        var octets = new byte[file.Length];
        file.ReadExactly(octets);
        return octets.AsSpan().LastIndexOf(LineEnd) + 1;
    }
}
