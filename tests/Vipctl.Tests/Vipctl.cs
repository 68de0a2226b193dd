namespace AnycastVip.Vipctl.Tests;

/// <summary>One run of vipctl inside the test.</summary>
internal sealed record Vipctl(int ExitCode, string Output, string Error)
{
    public static async Task<Vipctl> RunAsync(string input, params string[] args)
    {
        var output = new StringWriter { NewLine = "\n" };
        var error = new StringWriter { NewLine = "\n" };
        var exitCode = await CommandLine.RunAsync(args, new CommandContext
        {
            In = new StringReader(input),
            Out = output,
            Error = error,
            Clock = TimeProvider.System,
        });
        return new(exitCode, output.ToString(), error.ToString());
    }
}
