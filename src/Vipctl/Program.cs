using AnycastVip.Vipctl;

return await CommandLine.RunAsync(args, new CommandContext
{
    In = Console.In,
    OpenIn = Console.OpenStandardInput,
    Out = Console.Out,
    Error = Console.Error,
    Clock = TimeProvider.System,
    IsScreen = !Console.IsOutputRedirected,
    IsInputTerminal = !Console.IsInputRedirected,
    DefaultApiDirectory = Environment.GetEnvironmentVariable("VIPD_API_DIRECTORY") is { Length: > 0 } directory
        ? directory
        : CommandContext.StandardApiDirectory,
    ProgramDirectories =
    [
        AppContext.BaseDirectory,
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries),
    ],
});
