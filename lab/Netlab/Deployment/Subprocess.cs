using System.ComponentModel;
using System.Diagnostics;

namespace AnycastVip.Netlab.Deployment;

/// <summary>What a finished command left.</summary>
/// <param name="Arguments">The program and its arguments.</param>
/// <param name="ExitCode">128 and the signal's number for a command that a signal ended.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record CommandResult(IReadOnlyList<string> Arguments, int ExitCode, string Output, string Error)
{
    /// <summary>The command with its exit code and what it said, on one line where that was one line.</summary>
    public override string ToString()
    {
        var said = Error.Trim() is { Length: > 0 } error ? error : Output.Trim();
        return $"'{string.Join(' ', Arguments)}' ended with {ExitCode}{(said.Length > 0 ? ": " + said : "")}";
    }
}

/// <summary>Runs programs; arguments are lists, so no shell ever reads them.</summary>
internal static class Subprocess
{
    /// <summary>Starts a program without waiting.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    /// <param name="capture">Whether its streams come here; else it shares this process's own.</param>
    /// <exception cref="NetlabException">It cannot be started.</exception>
    public static Process Start(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, bool capture)
    {
        var start = new ProcessStartInfo(arguments[0], arguments.Skip(1))
        {
            RedirectStandardInput = capture,
            RedirectStandardOutput = capture,
            RedirectStandardError = capture,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            var process = Process.Start(start)!;
            if (capture)
                process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception exception)
        {
            throw new NetlabException($"cannot start '{arguments[0]}': {exception.Message}", exception);
        }
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<CommandResult> RunAsync(
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellation)
    {
        using var process = Start(arguments, environment, capture: true);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return new CommandResult(arguments, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs a program that must succeed within a time.</summary>
    /// <exception cref="NetlabException">
    /// It failed, or took too long; the message names it and what it said.
    /// </exception>
    public static async Task<CommandResult> RunCheckedAsync(
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan timeout,
        CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(timeout, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            var result = await RunAsync(arguments, environment, either.Token);
            return result.ExitCode == 0 ? result : throw new NetlabException(result.ToString());
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new NetlabException($"'{string.Join(' ', arguments)}' did not end within {timeout.TotalSeconds} s");
        }
    }
}
