using System.ComponentModel;
using System.Diagnostics;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Tests.Supervision;

public sealed class ProcessStarterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // An echo that dies with the thread that started it.
    private static readonly ProcessStartInfo TiedEcho = new("/usr/bin/setpriv", ["--pdeathsig", "KILL", "/bin/cat"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    };

    [Fact]
    public async Task A_process_outlives_the_thread_that_asked_for_it_and_dies_with_the_starter()
    {
        var starter = new ProcessStarter();
        var asked = new TaskCompletionSource<(string Thread, Process Process)>(
            TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            var started = starter.StartAsync(TiedEcho).GetAwaiter().GetResult();
            // It is tied as soon as it answers.
            _ = Echo(started).GetAwaiter().GetResult();
            asked.SetResult((new DirectoryInfo("/proc/thread-self").LinkTarget!, started));
        }).Start();
        var (thread, process) = await asked.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await Poll.Until(
            () => Directory.Exists($"/proc/{thread}"), exists => !exists, Patience, "the thread that asked is gone");
        Assert.Equal("hello", await Echo(process));

        starter.Dispose();

        await process.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(128 + (int)SignalNumber.SIGKILL, process.ExitCode);
        process.Dispose();
    }

    [Fact]
    public async Task A_program_that_does_not_exist_fails_its_start_and_no_other()
    {
        using var starter = new ProcessStarter();

        await Assert.ThrowsAsync<Win32Exception>(() => starter.StartAsync(new ProcessStartInfo("/nonexistent")));

        using var process = await starter.StartAsync(new ProcessStartInfo("/bin/true"));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<string?> Echo(Process process)
    {
        await process.StandardInput.WriteLineAsync("hello");
        return await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)
            .AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);
    }
}
