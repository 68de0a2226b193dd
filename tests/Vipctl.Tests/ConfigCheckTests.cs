namespace AnycastVip.Vipctl.Tests;

/// <summary><c>vipctl config check</c> with a program in the place of vipd.</summary>
public sealed class ConfigCheckTests : IDisposable
{
    private readonly DirectoryInfo _empty = Directory.CreateTempSubdirectory("vipctl-");
    private readonly DirectoryInfo _programs = Directory.CreateTempSubdirectory("vipctl-");

    public void Dispose()
    {
        _empty.Delete(recursive: true);
        _programs.Delete(recursive: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task It_is_vipd_that_checks_and_its_output_and_exit_code_pass_through(int exitCode)
    {
        Install(
            $"echo \"checked: $*\"; echo 'node.yaml:3:5: error: what' >&2; exit {exitCode}",
            UnixFileMode.UserExecute);
        var run = await RunAsync("node.yaml");
        Assert.Equal(
            (exitCode, "checked: --check --config node.yaml\n", "node.yaml:3:5: error: what\n"),
            (run.ExitCode, run.Output, run.Error));
    }

    [Fact]
    public async Task A_missing_vipd_is_said_with_the_remedy()
    {
        var run = await RunAsync("node.yaml");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("no vipd beside vipctl or in PATH", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_vipd_that_cannot_be_run_is_said()
    {
        Install("exit 0", UnixFileMode.None);
        var run = await RunAsync("node.yaml");
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("cannot be run", run.Error, StringComparison.Ordinal);
    }

    private void Install(string script, UnixFileMode execute)
    {
        var path = Path.Combine(_programs.FullName, "vipd");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | execute);
    }

    private Task<Vipctl> RunAsync(string file) => Vipctl.RunAsync(
        ["config", "check", file],
        new LiveText(),
        context => context with { ProgramDirectories = [_empty.FullName, _programs.FullName] },
        TestContext.Current.CancellationToken);
}
