using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AnycastVip.HealthGate.Drain;

/// <summary>The state directory cannot be used; the message names it and the remedy.</summary>
public sealed class StateDirectoryException(string message) : IOException(message);

/// <summary>
/// A directory that one process owns, with files that are replaced whole or not at all. The lock is on the directory
/// itself, so that it can be taken on a full or read-only disk too.
/// </summary>
internal sealed partial class StateDirectory : IDisposable
{
    // Flags and errno values of Linux. Checks that the gate starts must not inherit the lock.
    private const int ReadOnlyDirectoryCloseOnExec = 0x80000 | 0x10000;
    private const int LockExclusiveNonBlocking = 2 | 4;
    private const int Unlock = 8;
    private const int NoEntry = 2;
    private const int WouldBlock = 11;
    // An earlier attempt gave the name and then failed.
    private const int Exists = 17;

    private readonly string _path;
    private readonly SafeFileHandle _directory;

    private StateDirectory(string path, SafeFileHandle directory)
    {
        _path = path;
        _directory = directory;
    }

    /// <summary>Opens and locks a directory.</summary>
    /// <exception cref="StateDirectoryException">
    /// It is missing, not accessible, or another process holds it.
    /// </exception>
    public static StateDirectory Open(string path)
    {
        var directory = OpenDirectory(path, ReadOnlyDirectoryCloseOnExec);
        if (directory.IsInvalid)
            throw new StateDirectoryException(Marshal.GetLastPInvokeError() == NoEntry
                ? $"{path}: the state directory does not exist; create it (mkdir -p -m 750 {path}), owned by the " +
                  "user of this process"
                : $"{path}: the state directory cannot be opened ({Marshal.GetLastPInvokeErrorMessage()}); make it a " +
                  "directory that the user of this process can read and write");
        if (Lock(directory, LockExclusiveNonBlocking) == 0)
            return new StateDirectory(path, directory);
        var error = Marshal.GetLastPInvokeError();
        directory.Dispose();
        throw new StateDirectoryException(error == WouldBlock
            ? $"{path}: another process uses this state directory; stop it or set another directory"
            : $"{path}: the state directory cannot be locked ({Marshal.GetPInvokeErrorMessage(error)}); use a local " +
              "file system");
    }

    /// <summary>A file's octets; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be read, or is longer than that.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public byte[]? Read(string name, int maxOctets)
    {
        try
        {
            using var file = new FileStream(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
            if (file.Length > maxOctets)
                throw new IOException($"longer than {maxOctets} octets");
            var octets = new byte[file.Length];
            file.ReadExactly(octets);
            return octets;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Replaces a file: after a crash or a power cut at any moment it is the old one or the new one, whole. On return
    /// the new one is on the disk.
    /// </summary>
    /// <param name="name">The file.</param>
    /// <param name="octets">What it shall hold.</param>
    /// <param name="keepOldAs">Another name that the old one keeps; null: it goes.</param>
    /// <exception cref="IOException">It cannot be done; the old file is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission; the old file is still there.</exception>
    public void Replace(string name, ReadOnlySpan<byte> octets, string? keepOldAs)
    {
        var temporary = PathOf(name + ".new");
        try
        {
            WriteThrough(temporary, octets);
            // A second name, not a rename: at no moment is there no file, which would mean that nothing is drained.
            if (keepOldAs is not null && Link(PathOf(name), PathOf(keepOldAs)) != 0
                && Marshal.GetLastPInvokeError() != Exists)
                throw Failure($"cannot keep the old file as {keepOldAs}");
            File.Move(temporary, PathOf(name), overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Discard(temporary);
            throw;
        }
        if (Flush(_directory) != 0)
            throw Failure("the directory cannot be written through");
    }

    /// <summary>Gives the directory up.</summary>
    public void Dispose()
    {
        // Closing alone would not do while a child that is being started still has its copy of the descriptor.
        _ = Lock(_directory, Unlock);
        _directory.Dispose();
    }

    private static void WriteThrough(string path, ReadOnlySpan<byte> octets)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            // No lock of its own: a child that is being started would hold it for a moment longer.
            Share = FileShare.ReadWrite,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        });
        file.Write(octets);
        file.Flush(flushToDisk: true);
    }

    // Half a file would hold space that a full disk lacks. If it cannot go, the first failure is the one to tell.
    private static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }
    }

    private static IOException Failure(string what) =>
        new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");

    private string PathOf(string name) => Path.Combine(_path, name);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string added);
}
