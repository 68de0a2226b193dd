using System.Runtime.InteropServices;

namespace AnycastVip.Proxy.Engine.Kernel;

/// <summary>Pipes, and octets that pass through them without being copied.</summary>
internal static unsafe partial class Libc
{
    private const int SetPipeSizeCommand = 1031;
    private const uint SpliceMove = 1;
    private const uint SpliceNonBlocking = 2;

    public static int OpenPipe(out int output, out int input)
    {
        var ends = stackalloc int[2];
        var result = Result(Pipe2(ends, NonBlocking | CloseOnExec));
        (output, input) = (ends[0], ends[1]);
        return result;
    }

    public static int SetPipeSize(int pipe, int octets) => Result(Control(pipe, SetPipeSizeCommand, octets));

    /// <summary>Moves octets between a pipe and another descriptor, as many as can be at once; 0 at the end.</summary>
    public static int Splice(int source, int sink, int length) =>
        Result(Splice(source, null, sink, null, (nuint)length, SpliceMove | SpliceNonBlocking));

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int fd, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    private static partial nint Splice(
        int source, long* sourceOffset, int sink, long* sinkOffset, nuint length, uint flags);
}
