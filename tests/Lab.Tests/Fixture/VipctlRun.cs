using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>One run of the built <c>vipctl</c> against running daemons.</summary>
internal sealed record VipctlRun(int ExitCode, string Output, string Error)
{
    /// <summary>The output as JSON.</summary>
    public JsonNode ToJson() => JsonNode.Parse(Output)!;

    /// <summary>The cells of each line of a table, header first.</summary>
    public IReadOnlyList<string[]> ToRows() => Output
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        .ToList();

    /// <summary>Runs it to its end, however it ends.</summary>
    public static Task<VipctlRun> RunAsync(RunningSpeaker speaker, params string[] arguments) =>
        RunAsync(Path.GetDirectoryName(speaker.SocketPath)!, arguments);

    /// <summary>Runs it to its end, however it ends.</summary>
    public static async Task<VipctlRun> RunAsync(string apiDirectory, params string[] arguments)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "vipctl.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments, "--api-directory", apiDirectory])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, await error);
    }

    /// <summary>Asserts success.</summary>
    public VipctlRun Succeeded()
    {
        Assert.True(ExitCode == 0, $"{this}");
        return this;
    }
}
