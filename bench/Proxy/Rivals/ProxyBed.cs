using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AnycastVip.Bench.Node;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>What all proxies have in common: addresses, cores, the backend.</summary>
internal sealed class ProxyBed
{
    /// <summary>What the other proxies come from.</summary>
    public const string Packages = "haproxy nginx libnginx-mod-stream";

    /// <summary>The core of whichever proxy is measured.</summary>
    public const int ProxyCore = 0;

    /// <summary>The core of the clients and the backend.</summary>
    public const int LoadCore = 1;

    /// <summary>Each proxy is allowed so many: two descriptors each must suffice.</summary>
    public const int MaximumConnections = 9_500;

    /// <summary>Where proxies listen; clients come from another address, for the node's own do not count.</summary>
    public IPAddress Address { get; } = IPAddress.Parse(OwnNetwork.NodeAddress);

    public IPEndPoint Backend { get; } = new(IPAddress.Loopback, 9000);

    /// <summary>Gives clients their address and enough ports.</summary>
    public static async Task<ProxyBed> CreateAsync()
    {
        Programs.Require(Packages, "haproxy", "nginx");
        await OwnNetwork.RunToolAsync(
            "ip", "route", "replace", "table", "local", "local", OwnNetwork.NodeAddress, "dev", "lo",
            "src", OwnNetwork.PeerAddress);
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_local_port_range", "10000 65000");
        return new();
    }

    /// <summary>Waits until a proxy takes connections.</summary>
    public static Task WaitAsync(PinnedProcess process, IPEndPoint endpoint) =>
        process.WaitAsync(() => Accepts(endpoint), $"nothing listens on {endpoint}");

    /// <summary>The first line that a program prints about its version.</summary>
    public static async Task<string> VersionAsync(string program, string option)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"{program} {option} 2>&1"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        await process.StandardOutput.ReadToEndAsync();
        return line ?? program;
    }

    private static bool Accepts(IPEndPoint endpoint)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(endpoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
