using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl proxy</c>: the process that carries the connections.</summary>
internal static class ProxyCommand
{
    public static Command Create(ProxyCall proxy) =>
        new("proxy", "The process that carries clients' connections.")
        {
            Show(proxy), Stats(proxy), Replace(proxy),
        };

    private static Command Show(ProxyCall proxy)
    {
        var command = new Command("show", "The process, and those that it has replaced.");
        command.SetAction((arguments, cancellation) => proxy.ShowAsync(
            arguments, ProxyView.View, (client, call) => client.GetProxyAsync(new(), call), cancellation));
        return command;
    }

    private static Command Stats(ProxyCall proxy)
    {
        var command = new Command(
            "stats", "Listeners, pools and backends since the start: counts, how long things took, the last errors.");
        command.SetAction((arguments, cancellation) => proxy.ShowAsync(
            arguments,
            ProxyStatsView.View,
            (client, call) => client.GetStatsAsync(new(), call),
            cancellation));
        return command;
    }

    private static Command Replace(ProxyCall proxy)
    {
        var wait = new Option<bool>("--wait")
        {
            Description = "also wait for the last connection of the old process, and show how many are left",
        };
        var command = new Command(
            "replace", "Start another process, of the program as it is on disk, which takes over without a loss.")
        {
            wait,
        };
        command.SetAction((arguments, cancellation) => proxy.RunAsync(
            arguments,
            client => new ReplaceWait(proxy, arguments, client, cancellation).RunAsync(arguments.GetValue(wait))));
        return command;
    }

    /// <summary>Orders a replacement, and follows it.</summary>
    private sealed class ReplaceWait(
        ProxyCall proxy, ParseResult arguments, ProxyService.ProxyServiceClient client, CancellationToken cancellation)
    {
        // A process starts in less, also on a busy node.
        private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

        private readonly CommandContext _context = proxy.Context;
        private readonly ProgressLine _line = new(proxy.Context.Out, proxy.Context.IsScreen);
        private readonly bool _tells =
            arguments.GetValue(proxy.Settings.Format) is OutputFormat.Table or OutputFormat.Wide;

        public async Task<int> RunAsync(bool waits)
        {
            var old = (await client.ReplaceAsync(new(), Call)).Pid;
            var start = _context.Clock.GetTimestamp();
            GetProxyResponse now;
            while ((now = await AskAsync()).Pid == old)
            {
                if (_context.Clock.GetElapsedTime(start) > StartBound)
                {
                    _context.Complain($"no other process has taken over from pid {old}, which goes on; see vipd's log");
                    return ExitCode.Failed;
                }
                await Task.Delay(Interval, _context.Clock, cancellation);
            }
            Tell($"pid {now.Pid} has taken over from pid {old}");
            if (waits)
                now = await AwaitEndAsync(old, now);
            if (!_tells)
                proxy.Settings.Show(arguments, ProxyView.View, now);
            return ExitCode.Ok;
        }

        private async Task<GetProxyResponse> AwaitEndAsync(uint old, GetProxyResponse now)
        {
            while (now.Replaced.FirstOrDefault(each => each.Pid == old) is { } left)
            {
                if (_tells)
                    _line.Show(ProxyView.Line(left), ProxyView.Left(left, _context.Clock.GetUtcNow()));
                await Task.Delay(Interval, _context.Clock, cancellation);
                now = await AskAsync();
            }
            _line.End();
            Tell($"pid {old} has ended");
            return now;
        }

        private void Tell(string line)
        {
            if (_tells)
                _context.Out.WriteLine(line);
        }

        private CallOptions Call =>
            proxy.Settings.DeadlineIn(proxy.Settings.TimeoutOf(arguments), cancellation);

        private async Task<GetProxyResponse> AskAsync()
        {
            try
            {
                return await client.GetProxyAsync(new(), Call);
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                // The call was on its way to the process that leaves: its successor has the path by now.
                return await client.GetProxyAsync(new(), Call);
            }
        }
    }
}
