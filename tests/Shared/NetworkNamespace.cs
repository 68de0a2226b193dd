using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AnycastVip.Tests;

/// <summary>
/// A network namespace of its own: that of one thread, which is gone with the thread and the sockets opened on it. A
/// process that the thread starts is born there.
/// </summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const int NewNetwork = 0x40000000;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    private NetworkNamespace()
    {
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Makes a namespace; skips the test where that is not allowed.</summary>
    public static NetworkNamespace Create()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        var space = new NetworkNamespace();
        var result = space.Run(() => Unshare(NewNetwork));
        Assert.SkipUnless(result == 0, "this system allows no network namespaces");
        space.Ip("link set lo up");
        return space;
    }

    /// <summary>Runs a function inside.</summary>
    public T Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    /// <summary>
    /// Gives a listener's port two connections of before in TIME_WAIT, closes the listener, and leaves to new
    /// connections no ports but those of these two.
    /// </summary>
    /// <returns>Where nobody listens any more.</returns>
    public IPEndPoint LeaveTimeWait() => Run(() =>
    {
        // Even ports: connect() tries those first.
        File.WriteAllText("/proc/sys/net/ipv4/ip_local_port_range", "40000 40003");
        using var listener = new TcpListener(IPAddress.Loopback, 8080);
        listener.Start();
        for (var i = 0; i < 2; i++)
        {
            using var client = new TcpClient();
            client.Connect((IPEndPoint)listener.LocalEndpoint);
            using (listener.AcceptTcpClient())
            {
                // Who closes first keeps TIME_WAIT.
            }
            Assert.Equal(0, client.Client.Receive(new byte[1]));
        }
        return (IPEndPoint)listener.LocalEndpoint;
    });

    /// <summary>How many segments were sent again inside (RFC 4022: tcpRetransSegs).</summary>
    public long Retransmitted() => Run(() =>
    {
        var rows = File.ReadLines("/proc/thread-self/net/snmp").Where(line => line.StartsWith("Tcp:"))
            .Select(line => line.Split(' ')).ToArray();
        return long.Parse(rows[1][Array.IndexOf(rows[0], "RetransSegs")], CultureInfo.InvariantCulture);
    });

    /// <summary>Runs <c>ip</c> inside and returns what it prints.</summary>
    public string Ip(string arguments) => Run(() =>
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip {arguments}: {error}");
        return output;
    });

    /// <summary>Takes all capabilities from the thread, and so from the sockets that are opened there.</summary>
    public void DropCapabilities()
    {
        // Version 3 of struct __user_cap_header_struct; two empty structs __user_cap_data_struct.
        var result = Run(() => SetCapabilities([0x20080522, 0], new uint[6]));
        Assert.Equal(0, result);
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Work()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int SetCapabilities(uint[] header, uint[] data);
}
