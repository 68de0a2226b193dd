namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads files that may be anything, a device without end included.</summary>
internal static class BoundedFile
{
    /// <summary>The first octets of a file, at most <paramref name="limit"/>.</summary>
    public static byte[] Read(string path, int limit)
    {
        // A directory opens, and fails only when it is read, with a message that names no directory.
        if (Directory.Exists(path))
            throw new IOException("it is a directory");
        using var stream = File.OpenRead(path);
        var buffer = new byte[limit];
        var length = stream.ReadAtLeast(buffer, limit, throwOnEndOfStream: false);
        return buffer[..length];
    }

    /// <summary>True for what the file system may answer, as opposed to bugs.</summary>
    public static bool IsFault(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    /// <summary>The fault without the path, which the message already has, and without a full stop.</summary>
    public static string Explain(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "it does not exist",
        UnauthorizedAccessException => "permission denied",
        _ => exception.Message.TrimEnd('.'),
    };
}
