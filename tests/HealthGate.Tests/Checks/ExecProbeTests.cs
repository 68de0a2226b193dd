using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Checks;

public sealed class ExecProbeTests
{
    [Theory]
    [InlineData("echo fine", CheckOutcome.Ok, 0, "exit 0: fine")]
    [InlineData("true", CheckOutcome.Ok, 0, "exit 0")]
    [InlineData("echo lag 40 s; echo more; exit 2", CheckOutcome.Failed, 2, "exit 2: lag 40 s")]
    [InlineData("echo why >&2; exit 1", CheckOutcome.Failed, 1, "exit 1: why")]
    [InlineData("echo why >&2; echo what; exit 1", CheckOutcome.Failed, 1, "exit 1: what")]
    [InlineData("printf 'a\\tb\\033c'; exit 1", CheckOutcome.Failed, 1, "exit 1: a b c")]
    [InlineData("kill -9 $$", CheckOutcome.Failed, 137, "exit 137")]
    [InlineData("cat; echo end of input", CheckOutcome.Ok, 0, "exit 0: end of input")]
    public async Task Exit_code_and_first_line_are_the_result(
        string script, CheckOutcome outcome, int code, string reason)
    {
        var result = await CheckRun.OnceAsync(Shell(script));
        Assert.Equal((outcome, code, reason), (result.Outcome, result.ExitCode, result.Reason));
    }

    [Fact]
    public async Task Arguments_reach_the_program_as_they_are()
    {
        var result = await CheckRun.OnceAsync(new ExecProbe("/bin/echo", ["$HOME", "a  b", "*", "'\""]));
        Assert.Equal("exit 0: $HOME a  b * '\"", result.Reason);
    }

    [Fact]
    public async Task A_program_that_is_not_there_fails_and_says_so()
    {
        var result = await CheckRun.OnceAsync(new ExecProbe("/nonexistent/check", []));
        Assert.Equal((CheckOutcome.Failed, 127), (result.Outcome, result.ExitCode));
        Assert.Contains("/nonexistent/check: No such file or directory", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head -c 100000000 /dev/zero")]
    [InlineData("head -c 100000000 /dev/zero >&2")]
    [InlineData("head -c 100000 /dev/zero | tr '\\0' x")]
    public async Task Much_output_neither_stops_the_program_nor_fills_the_reason(string script)
    {
        var result = await CheckRun.OnceAsync(Shell(script));
        Assert.Equal(CheckOutcome.Ok, result.Outcome);
        Assert.InRange(result.Reason.Length, 0, 250);
    }

    // Each leaves processes that carry its marker in their arguments.
    [Theory]
    [InlineData("sleep MARK")]
    [InlineData("sleep MARK & sleep MARK & wait")]
    [InlineData("(sleep MARK & (sleep MARK & sleep MARK) & wait) & wait")]
    [InlineData("trap '' TERM INT HUP; sleep MARK & while :; do wait; done")]
    [InlineData("setsid -w sleep MARK & sleep MARK")]
    public async Task A_script_that_hangs_is_killed_with_all_its_children(string script)
    {
        var mark = Mark();

        var result = await CheckRun.OnceAsync(Shell(script.Replace("MARK", mark, StringComparison.Ordinal)),
            TimeSpan.FromMilliseconds(300));

        Assert.Equal((CheckOutcome.TimedOut, "timed out after 300 ms"), (result.Outcome, result.Reason));
        Assert.Null(result.ExitCode);
        await AssertGoneAsync(mark);
    }

    [Theory]
    [InlineData("sleep MARK & echo done")]
    [InlineData("sleep MARK >/dev/null 2>&1 & echo done")]
    public async Task What_a_script_leaves_behind_when_it_ends_is_killed(string script)
    {
        var mark = Mark();

        var result = await CheckRun.OnceAsync(Shell(script.Replace("MARK", mark, StringComparison.Ordinal)));

        Assert.Equal("exit 0: done", result.Reason);
        await AssertGoneAsync(mark);
    }

    private static ExecProbe Shell(string script) => new("/bin/sh", ["-c", script]);

    // A length of sleep that nobody else uses.
    private static string Mark() => $"{100_000 + Environment.ProcessId}.{Guid.NewGuid().GetHashCode() & 0xFFFFFF}";

    private static async Task AssertGoneAsync(string mark) => await Poll.Until(
        () => string.Join(", ", Directory.EnumerateDirectories("/proc").Select(CommandLine)
            .Where(line => line.Contains(mark, StringComparison.Ordinal))),
        found => found.Length == 0, CheckRun.Patience, "no process of the script is left");

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText($"{folder}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
