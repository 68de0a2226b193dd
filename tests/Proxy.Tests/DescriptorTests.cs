using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AnycastVip.Proxy.Tests;

/// <summary>Takes the whole process's descriptors away, so nothing may run beside it.</summary>
[CollectionDefinition(nameof(DescriptorTests), DisableParallelization = true)]
[Collection(nameof(DescriptorTests))]
public sealed partial class DescriptorTests
{
    private const int LimitOpenFiles = 7;

    [Fact]
    public async Task Fault_23_without_descriptors_clients_wait_and_are_served_when_there_are_some_again()
    {
        using var rig = new Rig();
        var backend = rig.Listen();
        var endpoint = rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        var clients = Enumerable.Range(0, 5)
            .Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            .ToList();
        using (new Exhausted())
        {
            foreach (var client in clients)
                await client.ConnectAsync(endpoint, Rig.Cancellation);
            await Poll.Until(
                () => rig.Count(endpoint).AcceptErrors, errors => errors > 0, Rig.Patience, "none is left");
            Assert.Equal(0, rig.Count(endpoint).Connections);
            Assert.True(rig.Count(endpoint).IsFull);
            await Poll.Until(
                () => rig.Count(endpoint).StarvedFor, time => time > TimeSpan.FromMilliseconds(100), Rig.Patience,
                "the shortage lasts");
        }
        foreach (var client in clients)
        {
            (await rig.Accept(backend)).Dispose();
            client.Dispose();
        }
        await rig.Quiet();
        await Poll.Until(() => rig.Count(endpoint).StarvedFor, time => time is null, Rig.Patience, "it is over");
        Assert.Equal(clients.Count, rig.Count(endpoint).Accepted);
        Assert.Equal(0, rig.Count(endpoint).NoBackend);
    }

    /// <summary>While it lives no descriptor can be opened.</summary>
    private sealed class Exhausted : IDisposable
    {
        private readonly ulong[] _limits = new ulong[2];
        private readonly List<SafeFileHandle> _fillers = [];

        public Exhausted()
        {
            Assert.Equal(0, GetLimit(LimitOpenFiles, _limits));
            var highest = Directory.EnumerateFileSystemEntries("/proc/self/fd")
                .Max(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture));
            Assert.Equal(0, SetLimit(LimitOpenFiles, [(ulong)highest + 1, _limits[1]]));
            try
            {
                while (true)
                    _fillers.Add(File.OpenHandle("/dev/null"));
            }
            catch (IOException)
            {
                // The last one is taken.
            }
        }

        public void Dispose()
        {
            SetLimit(LimitOpenFiles, _limits);
            _fillers.ForEach(handle => handle.Dispose());
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, [Out] ulong[] limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, [In] ulong[] limits);
}
