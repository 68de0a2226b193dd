using AnycastVip.Bench;

return args switch
{
    ["codec"] => CodecCommand.Run(),
    ["checks"] => await ChecksCommand.RunAsync(),
    [ChecksWorker.Command, var row, var ports] => await ChecksWorker.RunAsync(row, ports),
    ["-h" or "--help" or "help"] => Help(Console.Out, exitCode: 0),
    _ => Help(Console.Error, exitCode: 2),
};

static int Help(TextWriter writer, int exitCode)
{
    writer.WriteLine(
        """
        Usage: dotnet run -c Release --project bench -- COMMAND

          codec    decode and encode one UPDATE: nanoseconds and allocated bytes
          checks   200 backends checked each second: share of a core, latency, lateness
        """);
    return exitCode;
}
