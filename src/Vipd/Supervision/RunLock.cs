namespace AnycastVip.Vipd.Supervision;

/// <summary>
/// The right to supervise on a directory of sockets: an exclusive lock on <c>run.lock</c> in it. The kernel drops the
/// lock with the process that held it.
/// </summary>
internal static class RunLock
{
    // EWOULDBLOCK: the lock is held.
    private const int WouldBlock = 11;

    /// <summary>Takes the lock; disposing gives it up. The file stays: removed, it would make two locks.</summary>
    /// <exception cref="IOException">It is held or cannot be had; the message names the remedy.</exception>
    public static IDisposable Take(string directory)
    {
        var path = Path.Combine(directory, "run.lock");
        try
        {
            Directory.CreateDirectory(directory);
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            throw new IOException(
                $"{path}: another 'vipd run' holds this lock; stop it or set another api.directory", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"{path}: cannot be locked ({e.Message}); make its directory writable or set another api.directory", e);
        }
    }
}
