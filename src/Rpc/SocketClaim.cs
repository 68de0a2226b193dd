using System.Text;

namespace AnycastVip.Rpc;

/// <summary>A daemon cannot serve on its socket; the message names the path and the remedy.</summary>
public sealed class SocketClaimException(string path, string message, Exception? inner = null)
    : IOException(message, inner)
{
    /// <summary>The socket's path.</summary>
    public string Path { get; } = path;
}

/// <summary>
/// The right to serve on a Unix socket's path: an exclusive lock on a file beside it. The kernel drops the lock with
/// the process that held it, so a live server is never replaced against its will and a dead one's socket file is never
/// in the way.
/// </summary>
internal sealed class SocketClaim : IDisposable
{
    // sun_path has 108 octets with its closing zero (unix(7)); one is for the name under which a socket is made.
    private const int MaxPathOctets = 106;

    // EWOULDBLOCK: the lock is held.
    private const int WouldBlock = 11;

    private readonly string _path;
    private readonly FileStream _lock;
    private bool _isGivenUp;

    private SocketClaim(string path, FileStream held) => (_path, _lock) = (path, held);

    /// <summary>
    /// Takes the lock. A socket file of a dead server, or of one that has given the path up, stays until
    /// <see cref="UnixSocketFile.Listen"/> replaces it.
    /// </summary>
    /// <exception cref="SocketClaimException">The path is unusable or belongs to a live server.</exception>
    public static SocketClaim Take(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) > MaxPathOctets)
            throw new SocketClaimException(path,
                $"{path}: longer than the {MaxPathOctets} octets that a Unix socket's path may have here; "
                + "choose a shorter directory");
        var held = Lock(path);
        try
        {
            RefuseOtherFile(path);
            return new SocketClaim(path, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Lets a successor take the path. The socket file stays until it does.</summary>
    public void GiveUp()
    {
        _isGivenUp = true;
        _lock.Dispose();
    }

    /// <summary>Removes the socket file, unless a successor may have the path.</summary>
    public void RemoveSocket()
    {
        if (!_isGivenUp)
            File.Delete(_path);
    }

    /// <summary>Gives the path up. The lock file stays: removed, it would let two servers lock two files.</summary>
    public void Dispose() => _lock.Dispose();

    private static FileStream Lock(string path)
    {
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux.
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new SocketClaimException(path,
                $"{path}: its directory does not exist; create it or set another api.directory", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SocketClaimException(path,
                $"{path}: no permission to create files beside it; give this user write access to its directory", e);
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new SocketClaimException(path,
                $"{path}: another process serves here and holds {path}.lock; stop it or set another api.directory", e);
        }
        catch (IOException e)
        {
            throw new SocketClaimException(path,
                $"{path}: cannot be used ({e.Message}); make its directory writable or set another api.directory", e);
        }
    }

    private static void RefuseOtherFile(string path)
    {
        var file = new FileInfo(path);
        // A socket has no length: whatever has one, or is a directory, was not left by a server.
        if (Directory.Exists(path) || (file.Exists && file.Length > 0))
            throw new SocketClaimException(path,
                $"{path}: is not a socket and will not be replaced; move it away or set another api.directory");
    }
}
