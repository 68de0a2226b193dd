using System.Collections.Concurrent;
using System.Globalization;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace AnycastVip.Proxy.Api;

/// <summary>
/// The processes that were replaced and still have connections. Each answers for itself on a socket of its own, by
/// which it is found: whoever serves the node needs to remember nothing of them.
/// </summary>
/// <param name="directory">Of the sockets.</param>
/// <param name="clock">Where time comes from.</param>
public sealed class ReplacedProxies(string directory, TimeProvider clock) : IDisposable
{
    private const string Prefix = "proxy-";

    // The gate waits for the count with which this one is added up.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, Link> _links = [];

    /// <summary>The socket of a replaced process.</summary>
    public static string PathOf(string directory, int process) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{process}"));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var link in _links.Values)
            link.Channel.Dispose();
    }

    /// <summary>
    /// How many connections they have. One that does not answer has at least one: nothing may end because of a count
    /// that was not taken.
    /// </summary>
    internal async Task<(int Fed, int Stranded)> CountAsync(CountConnections request)
    {
        var counts = await Task.WhenAll(Find().Select(async link =>
        {
            var key = request.Selector?.ToString() ?? "";
            var answer = await AskAsync(link, client => client.CountConnectionsAsync(request, Call()));
            if (answer.Value is { } count)
                return link.Counted[key] = ((int)count.Fed, (int)count.Stranded);
            var (fed, stranded) = link.Counted.GetValueOrDefault(key);
            return answer.IsGone ? (0, 0) : (Math.Max(fed, 1), stranded);
        }));
        return (counts.Sum(count => count.Item1), counts.Sum(count => count.Item2));
    }

    /// <summary>Has them close connections; returns how many there were.</summary>
    internal async Task<uint> CloseAsync(CloseConnections request)
    {
        var answers = await Task.WhenAll(Find().Select(
            link => AskAsync(link, client => client.CloseConnectionsAsync(request, Call()))));
        return (uint)answers.Sum(answer => answer.Value?.Closed ?? 0);
    }

    /// <summary>Their connections.</summary>
    internal async Task<IEnumerable<ConnectionGroup>> ListAsync(ListConnectionsRequest request)
    {
        var answers = await Task.WhenAll(Find().Select(
            link => AskAsync(link, client => client.ListConnectionsAsync(request, Call()))));
        return answers.SelectMany(answer => answer.Value?.Groups ?? []);
    }

    /// <summary>How they stand, oldest first.</summary>
    internal async Task<IEnumerable<ReplacedProxy>> DescribeAsync()
    {
        var answers = await Task.WhenAll(Find().Select(async link =>
        {
            var answer = await AskAsync(link, client => client.GetProxyAsync(new(), Call()));
            if (answer.Value?.Standing is { } standing)
                return link.Standing = standing;
            return answer.IsGone ? null : new ReplacedProxy(link.Standing) { IsSilent = true };
        }));
        return answers.OfType<ReplacedProxy>().OrderBy(standing => standing.ReplacedAt);
    }

    private CallOptions Call() => new(deadline: (clock.GetUtcNow() + Patience).UtcDateTime);

    private List<Link> Find()
    {
        var processes = new HashSet<int>();
        foreach (var path in Directory.EnumerateFiles(directory, Prefix + "*"))
        {
            var name = Path.GetFileName(path.AsSpan())[Prefix.Length..];
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                processes.Add(process);
        }
        foreach (var gone in _links.Keys.Except(processes))
            Drop(gone);
        return
        [
            .. processes.Select(
                process => _links.GetOrAdd(process, _ => new(process, PathOf(directory, process)))),
        ];
    }

    private async Task<Answer<T>> AskAsync<T>(
        Link link, Func<ProxyService.ProxyServiceClient, AsyncUnaryCall<T>> ask)
        where T : class
    {
        try
        {
            using var call = ask(link.Client);
            return new(await call, IsGone: false);
        }
        catch (Exception error) when (error is RpcException or ObjectDisposedException)
        {
            if (PeerCredentials.IsListenedOn(link.Path))
                return new(null, IsGone: false);
            // Killed: no connection outlives its process.
            File.Delete(link.Path);
            File.Delete(link.Path + ".lock");
            Drop(link.Process);
            return new(null, IsGone: true);
        }
    }

    private void Drop(int process)
    {
        if (_links.TryRemove(process, out var link))
            link.Channel.Dispose();
    }

    private readonly record struct Answer<T>(T? Value, bool IsGone)
        where T : class;

    private sealed class Link
    {
        public Link(int process, string path)
        {
            (Process, Path, Channel) = (process, path, RpcChannel.ForUnixSocket(path));
            Client = new(Channel);
            Standing = new() { Pid = (uint)process };
        }

        public int Process { get; }

        public string Path { get; }

        public GrpcChannel Channel { get; }

        public ProxyService.ProxyServiceClient Client { get; }

        /// <summary>The last answers, by what was asked for.</summary>
        public ConcurrentDictionary<string, (int Fed, int Stranded)> Counted { get; } = [];

        public ReplacedProxy Standing { get; set; }
    }
}
