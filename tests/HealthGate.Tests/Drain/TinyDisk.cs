using System.Diagnostics;

namespace AnycastVip.HealthGate.Tests.Drain;

/// <summary>A file system in memory with little room.</summary>
internal sealed class TinyDisk(string directory) : IDisposable
{
    private readonly string _ballast = Path.Combine(directory, "ballast");

    public static TinyDisk Mount(string directory)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a small disk needs root");
        Execute("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory);
        return new TinyDisk(directory);
    }

    public void Fill()
    {
        using var file = new FileStream(_ballast, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        Assert.Throws<IOException>(WriteForEver);

        void WriteForEver()
        {
            while (true)
                file.Write(new byte[4096]);
        }
    }

    public void Free() => File.Delete(_ballast);

    public void Remount(string mode) => Execute("mount", "-o", $"remount,{mode}", directory);

    public void Dispose() => Execute("umount", "-l", directory);

    private static void Execute(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
