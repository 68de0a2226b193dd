using System.Net;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>nginx's stream module in one process.</summary>
internal sealed class NginxProxy : IProxy
{
    private const string Module = "ngx_stream_module.so";

    private static readonly string[] ModuleDirectories =
        ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules"];

    private NginxProxy(IPEndPoint endpoint, PinnedProcess process) => (Endpoint, Process) = (endpoint, process);

    public string Name => "nginx stream";

    public IPEndPoint Endpoint { get; }

    public PinnedProcess Process { get; }

    /// <param name="bed">Where it listens and its backend.</param>
    /// <param name="port">Its own.</param>
    /// <param name="reloads">Whether it runs with the master that a reload needs.</param>
    public static async Task<NginxProxy> StartAsync(ProxyBed bed, int port, bool reloads = false)
    {
        var process = new PinnedProcess();
        var endpoint = new IPEndPoint(bed.Address, port);
        var modules = ModuleDirectories.Select(directory => Path.Combine(directory, Module));
        var module = modules.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException(
                $"There is no {Module}: run 'lab/install-packages {ProxyBed.Packages}'.");
        var file = process.Write(
            "nginx.conf",
            $$"""
            load_module {{module}};
            daemon off;
            master_process {{(reloads ? "on" : "off")}};
            worker_processes 1;
            worker_rlimit_nofile {{2 * ProxyBed.MaximumConnections + 100}};
            pid {{process.File("pid")}};
            error_log stderr;
            user root;
            events { worker_connections {{2 * ProxyBed.MaximumConnections + 100}}; }
            stream {
              server {
                listen {{endpoint}} backlog=4096;
                proxy_pass {{bed.Backend}};
              }
            }

            """);
        process.Start(ProxyBed.ProxyCore, "nginx", "-e", "stderr", "-c", file);
        await ProxyBed.WaitAsync(process, endpoint);
        return new(endpoint, process);
    }

    public async Task ReloadAsync()
    {
        var before = Process.Tree().Max();
        Signals.Send(Process.Pid, Signals.HUP);
        await Process.WaitAsync(() => Process.Tree().Max() > before, "nginx does not reload");
    }

    public void Dispose() => Process.Dispose();
}
