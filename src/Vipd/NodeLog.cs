using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace AnycastVip.Vipd;

/// <summary>The log of a process: lines on standard output.</summary>
internal static class NodeLog
{
    // More than a line; a write to a pipe of up to 4096 octets is whole (PIPE_BUF, pipe(7)).
    private const int BufferSize = 16 * 1024;

    /// <summary>Makes the loggers. Standard output is theirs from then on.</summary>
    public static ILoggerFactory Create()
    {
        Console.SetOut(LineWriter(Console.OpenStandardOutput()));
        return LoggerFactory.Create(logging =>
        {
            logging.Services.AddSingleton<ConsoleFormatter, LineFormatter>();
            logging.AddConsole(console => console.FormatterName = LineFormatter.FormatterName);
        });
    }

    /// <summary>
    /// A writer whose every call is one write to the stream: the console's own cuts lines into pieces of 256 octets,
    /// between which the lines of the other processes of <c>vipd run</c> would slip.
    /// </summary>
    public static TextWriter LineWriter(Stream output) =>
        new StreamWriter(output, new UTF8Encoding(false), BufferSize) { AutoFlush = true };
}
