using AnycastVip.Bench;

return args switch
{
    ["codec"] => CodecCommand.Run(),
    ["-h" or "--help" or "help"] => Help(Console.Out, exitCode: 0),
    _ => Help(Console.Error, exitCode: 2),
};

static int Help(TextWriter writer, int exitCode)
{
    writer.WriteLine(
        """
        Usage: dotnet run -c Release --project bench -- COMMAND

          codec    decode and encode one UPDATE: nanoseconds and allocated bytes
        """);
    return exitCode;
}
