using System.Text;

namespace AnycastVip.Vipctl.Tests;

/// <summary>One run of vipctl inside the test.</summary>
internal sealed record Vipctl(int ExitCode, string Output, string Error)
{
    public static Task<Vipctl> RunAsync(string input, params string[] args) =>
        RunAsync(
            args,
            new LiveText(),
            context => context with { In = new StringReader(input) },
            TestContext.Current.CancellationToken);

    /// <summary>Runs it in a context that the test has changed.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="output">Takes its standard output, for a test that reads it meanwhile.</param>
    /// <param name="change">Makes the context.</param>
    /// <param name="interrupt">What Ctrl-C is on a terminal.</param>
    public static async Task<Vipctl> RunAsync(
        string[] args,
        LiveText output,
        Func<CommandContext, CommandContext> change,
        CancellationToken interrupt)
    {
        var error = new LiveText();
        var context = new CommandContext
        {
            In = TextReader.Null,
            Out = output,
            Error = error,
            Clock = TimeProvider.System,
        };
        var exitCode = await CommandLine.RunAsync(args, change(context), interrupt);
        return new(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>A text that one task writes while another reads it.</summary>
internal sealed class LiveText : TextWriter
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();

    public LiveText() => NewLine = "\n";

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_gate)
            _text.Append(value);
    }

    public override string ToString()
    {
        lock (_gate)
            return _text.ToString();
    }
}
