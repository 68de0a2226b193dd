using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace AnycastVip.HealthGate.Checks;

/// <summary>
/// Runs a program and judges its exit code: 0 is healthy. There is no shell in between. Its first line of output, of
/// errors if it writes nothing else, is the reason.
/// </summary>
/// <remarks>
/// The program leads a session of its own. When it ends or its time is over, its whole process group and every
/// descendant is killed. Only a process that both left the session and outlived its parents escapes that.
/// </remarks>
/// <param name="file">An absolute path.</param>
/// <param name="arguments">As the program gets them.</param>
public sealed partial class ExecProbe(string file, IReadOnlyList<string> arguments) : IProbe
{
    /// <summary>Octets that are kept of each of the two outputs; the rest is read and dropped.</summary>
    public const int OutputMax = 4096;

    private const int SigKill = 9;

    /// <inheritdoc/>
    public async Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
    {
        // Starting a process blocks for as long as the kernel takes to copy this one.
        using var process = await Task.Run(Start, CancellationToken.None);
        try
        {
            process.StandardInput.Close();
            var output = ReadAsync(process.StandardOutput.BaseStream, timeout);
            var errors = ReadAsync(process.StandardError.BaseStream, timeout);
            await process.WaitForExitAsync(timeout);
            // What it left running would hold the outputs open.
            KillGroup(process.Id);
            var line = OneLine.Of(await output);
            line = line.Length > 0 ? line : OneLine.Of(await errors);
            var code = process.ExitCode;
            return new(code == 0, line.Length > 0 ? $"exit {code}: {line}" : $"exit {code}", code);
        }
        finally
        {
            KillTree(process);
        }
    }

    private Process Start()
    {
        // A process started by fork leads no group, so that setsid needs no second fork: its id stays the program's.
        var start = new ProcessStartInfo("/usr/bin/setsid", [file, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        return Process.Start(start) ?? throw new UnreachableException("a new process is always started");
    }

    private static async Task<string> ReadAsync(Stream stream, CancellationToken timeout)
    {
        var kept = new byte[OutputMax];
        var length = 0;
        while (length < kept.Length)
        {
            var count = await stream.ReadAsync(kept.AsMemory(length), timeout);
            if (count == 0)
                return Encoding.UTF8.GetString(kept, 0, length);
            length += count;
        }
        // A full pipe would stop the program.
        await stream.CopyToAsync(Stream.Null, timeout);
        return Encoding.UTF8.GetString(kept, 0, length);
    }

    private static void KillTree(Process process)
    {
        if (!process.HasExited)
        {
            try
            {
                process.Kill(entireProcessTree: true);
            }
            catch (Exception error) when (error is AggregateException or Win32Exception or InvalidOperationException)
            {
                // It ended meanwhile, or a descendant changed its user; the group is killed all the same.
            }
        }
        KillGroup(process.Id);
    }

    // The kernel gives an id away again only after all others, so that this one still means our group or nothing.
    private static void KillGroup(int leader) => _ = Kill(-leader, SigKill);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
