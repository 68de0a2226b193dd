using AnycastVip.Bench;
using AnycastVip.Bench.Node;
using AnycastVip.Bench.Proxy;
using AnycastVip.Bench.Speakers;

return args switch
{
    ["codec"] => CodecCommand.Run(),
    ["checks"] => await ChecksCommand.RunAsync(),
    [ChecksWorker.Command, var row, var ports] => await ChecksWorker.RunAsync(row, ports),
    ["failover", .. var options] => await InOwnNetworkAsync(
        FailoverCommand.RunAsync,
        Options.Read(options, ("trials", 200), ("load", 300), ("proxy-trials", 10), ("gate-trials", 3))),
    ["node", .. var options] => await InOwnNetworkAsync(NodeCommand.RunAsync, Options.Read(options, ("seconds", 60))),
    ["announce", .. var options] => await WithOptionsAsync(
        AnnounceCommand.RunAsync, Options.Read(options, ("rounds", 5), ("prefixes", 100_000))),
    ["withdraw", .. var options] => await WithOptionsAsync(
        WithdrawCommand.RunAsync, Options.Read(options, ("trials", 30))),
    ["bfd", .. var options] => await WithOptionsAsync(BfdCommand.RunAsync, Options.Read(options, ("seconds", 15))),
    ["proxy", "--only", var only, .. var options] => await CompareProxiesAsync(options, only),
    ["proxy", .. var options] => await CompareProxiesAsync(options, only: null),
    ["proxy-soak", .. var options] => await InOwnNetworkAsync(
        SoakCommand.RunAsync, Options.Read(options, ("connections", 20_000_000))),
    [BackendProcess.Command, var ports] => await BackendProcess.RunAsync(ports),
    ["-h" or "--help" or "help"] => Help(Console.Out, exitCode: 0),
    _ => Help(Console.Error, exitCode: 2),
};

static async Task<int> WithOptionsAsync(
    Func<IReadOnlyDictionary<string, int>, Task<int>> measure, IReadOnlyDictionary<string, int>? options) =>
    options is null ? 2 : await measure(options);

Task<int> CompareProxiesAsync(string[] options, string? only) => InOwnNetworkAsync(
    values => ProxyCommand.RunAsync(values, only), Options.Read(options, ("rounds", 5), ("seconds", 4)));

async Task<int> InOwnNetworkAsync(
    Func<IReadOnlyDictionary<string, int>, Task<int>> measure, IReadOnlyDictionary<string, int>? options) =>
    options is null ? 2 : await OwnNetwork.RunAsync(args, () => measure(options));

static int Help(TextWriter writer, int exitCode)
{
    writer.WriteLine(
        """
        Usage: dotnet run -c Release --project bench -- COMMAND

          codec     decode and encode one UPDATE: nanoseconds and allocated bytes
          checks    200 backends checked each second: share of a core, latency, lateness
          failover  from a death to the UPDATE at the peer: all backends, the proxy, the gate; needs root
                    [--trials 200] [--load 300 new connections/s] [--proxy-trials 10] [--gate-trials 3]
          node      an idle node: proportional set size and share of a core of its processes; needs root
                    [--seconds 60]
          announce  from the order until FRR has all prefixes, beside BIRD and GoBGP; needs root, frr, bird2, gobgpd
                    [--rounds 5] [--prefixes 100000]
          withdraw  from the order until one prefix has left FRR's kernel, beside both; needs tcpdump too
                    [--trials 30]
          bfd       how late BFD packets go out under CPU and collection load, and what goes Down; needs root, frr
                    [--seconds 15]
          proxy     our proxy beside HAProxy and nginx: operations, CPU, bulk, latency, memory, reload; needs root,
                    haproxy, nginx with its stream module; two cores or more
                    [--only PART] [--rounds 5] [--seconds 4]
          proxy-soak  short connections without end: memory and descriptors of our proxy; needs root, two cores
                    [--connections 20000000]
        """);
    return exitCode;
}
