using System.Net;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>HAProxy in TCP mode on one thread.</summary>
internal sealed class HaproxyProxy : IProxy
{
    private HaproxyProxy(string name, IPEndPoint endpoint, PinnedProcess process) =>
        (Name, Endpoint, Process) = (name, endpoint, process);

    public string Name { get; }

    public IPEndPoint Endpoint { get; }

    public PinnedProcess Process { get; }

    /// <param name="bed">Where it listens and its backend.</param>
    /// <param name="port">Its own.</param>
    /// <param name="splices">Whether octets are forced through splice both ways.</param>
    /// <param name="reloads">Whether it runs with the master that a reload needs.</param>
    public static async Task<HaproxyProxy> StartAsync(
        ProxyBed bed, int port, bool splices = false, bool reloads = false)
    {
        var process = new PinnedProcess();
        var endpoint = new IPEndPoint(bed.Address, port);
        var tuning = splices ? $"maxpipes 64\n  tune.pipesize {1 << 20}" : "";
        var options = splices ? "option splice-request\n  option splice-response" : "";
        var file = process.Write(
            "haproxy.cfg",
            $"""
            global
              maxconn {ProxyBed.MaximumConnections}
              nbthread 1
              stats socket {process.File("stats.sock")} expose-fd listeners
              {tuning}
            defaults
              mode tcp
              timeout connect 5s
              timeout client 10m
              timeout server 10m
              {options}
            frontend clients
              bind {endpoint}
              default_backend backends
            backend backends
              server s1 {bed.Backend}

            """);
        process.Start(ProxyBed.ProxyCore, "haproxy", reloads ? "-W" : "-db", "-f", file);
        await ProxyBed.WaitAsync(process, endpoint);
        return new(splices ? "haproxy, forced splice" : "haproxy", endpoint, process);
    }

    public async Task ReloadAsync()
    {
        var before = Process.Tree().Max();
        Signals.Send(Process.Pid, Signals.USR2);
        await Process.WaitAsync(() => Process.Tree().Max() > before, "haproxy does not reload");
    }

    public void Dispose() => Process.Dispose();
}
