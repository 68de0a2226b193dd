using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AnycastVip.HealthGate.Tests.Addresses;

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
