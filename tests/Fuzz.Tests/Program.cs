using Xunit.Runner.InProc.SystemConsole;

namespace AnycastVip.Fuzz.Tests;

/// <summary><c>fuzz …</c> fuzzes (tests/fuzz); anything else runs the suite.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) => args is ["fuzz", .. var options]
        ? Task.FromResult(FuzzCommand.Run(options))
        : ConsoleRunner.Run(args);
}
