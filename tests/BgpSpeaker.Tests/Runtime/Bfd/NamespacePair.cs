using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AnycastVip.BgpSpeaker.Tests.Runtime.Bfd;

/// <summary>Two network namespaces joined by a link: BFD's ports are fixed, so two ends need two of them.</summary>
internal sealed partial class NamespacePair : IDisposable
{
    public const string HereIPv4 = "10.77.0.1";
    public const string ThereIPv4 = "10.77.0.2";
    public const string HereIPv6 = "2001:db8:77::1";
    public const string ThereIPv6 = "2001:db8:77::2";
    public const string HereLinkLocal = "fe80::77:1";
    public const string ThereLinkLocal = "fe80::77:2";
    public const string Interface = "bfd0";

    private const int NewNet = 0x40000000;

    private static int _made;

    private readonly string _here;
    private readonly string _there;

    private NamespacePair()
    {
        var name = $"bfd-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
        (_here, _there) = ($"{name}-a", $"{name}-b");
        Ip("netns", "add", _here);
        Ip("netns", "add", _there);
        Ip("link", "add", Interface, "netns", _here, "type", "veth", "peer", "name", Interface, "netns", _there);
        Configure(_here, HereIPv4, HereIPv6, HereLinkLocal);
        Configure(_there, ThereIPv4, ThereIPv6, ThereLinkLocal);
    }

    /// <summary>Makes a pair, or skips the test where that is not allowed.</summary>
    public static NamespacePair Make()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        DeleteLeftovers();
        return new();
    }

    /// <summary>Runs something in the speaker's namespace: sockets and threads that it makes stay there.</summary>
    public T Here<T>(Func<T> code) => Run(_here, code);

    /// <summary>Runs something in the remote system's namespace.</summary>
    public T There<T>(Func<T> code) => Run(_there, code);

    /// <summary>Configures the speaker's namespace.</summary>
    public void IpHere(params string[] arguments) => Ip(["-n", _here, .. arguments]);

    public void Dispose()
    {
        Ip("netns", "delete", _here);
        Ip("netns", "delete", _there);
    }

    // A test process that was killed leaves its namespaces; its pid in their names tells that nobody uses them.
    private static void DeleteLeftovers()
    {
        foreach (var path in Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns", "bfd-*") : [])
        {
            var name = Path.GetFileName(path);
            if (!Directory.Exists($"/proc/{name.Split('-')[1]}"))
                TryIp("netns", "delete", name);
        }
    }

    private static void Configure(string space, string ipv4, string ipv6, string linkLocal)
    {
        Ip("-n", space, "link", "set", "lo", "up");
        Ip("-n", space, "link", "set", Interface, "addrgenmode", "none");
        Ip("-n", space, "addr", "add", $"{ipv4}/24", "dev", Interface);
        Ip("-n", space, "addr", "add", $"{ipv6}/64", "dev", Interface, "nodad");
        Ip("-n", space, "addr", "add", $"{linkLocal}/64", "dev", Interface, "nodad");
        Ip("-n", space, "link", "set", Interface, "up");
    }

    private static void Ip(params string[] arguments)
    {
        var error = TryIp(arguments);
        Assert.True(error is null, $"ip {string.Join(' ', arguments)}: {error}");
    }

    // What it said when it failed; another test process may clean up at the same time.
    private static string? TryIp(params string[] arguments)
    {
        using var ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        var error = ip.StandardError.ReadToEnd();
        ip.WaitForExit();
        return ip.ExitCode == 0 ? null : error;
    }

    // A namespace is a thread's own, and what the thread makes inherits it.
    private static T Run<T>(string space, Func<T> code)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{space}");
                if (SetNamespace(handle, NewNet) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                result = code();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle space, int type);
}
