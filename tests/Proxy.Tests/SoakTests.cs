using System.Net;

namespace AnycastVip.Proxy.Tests;

/// <summary>
/// Counts the whole process's descriptors, so nothing may run beside it. The long form, with the memory of a process of
/// its own, is <c>bench -- proxy-soak</c>.
/// </summary>
[Collection(nameof(DescriptorTests))]
public sealed class SoakTests
{
    private const int AtOnce = 32;
    private static readonly int Connections = Environment.GetEnvironmentVariable("VIP_SOAK") == "1" ? 100_000 : 5_000;
    private static readonly byte[] Message = new byte[64];

    [Fact]
    public async Task Short_connections_leave_no_descriptor_behind()
    {
        using var rig = new Rig();
        using var echo = new EchoServer(rig.Listen());
        var endpoint = rig.Open(Rig.Pool(Rig.Backend("b", echo.Endpoint), Rig.Backend("gone", Rig.Nobody())));
        await Use(rig, endpoint, AtOnce);
        await rig.Quiet();
        var before = Descriptors();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Use(rig, endpoint, Connections / AtOnce)));
        await rig.Quiet();
        Assert.Equal((long)AtOnce + Connections / AtOnce * AtOnce, rig.Count(endpoint).Accepted);
        Assert.Equal(0, rig.Count("b").Connections);
        // The echo server closes its own ends a moment later.
        await Poll.Until(Descriptors, count => count <= before, Rig.Patience, "descriptors are as many as before");
    }

    private static async Task Use(Rig rig, IPEndPoint endpoint, int connections)
    {
        for (var i = 0; i < connections; i++)
        {
            using var client = await rig.Connect(endpoint);
            await client.Write(Message);
            Assert.Equal(Message.Length, (await client.Read(Message.Length)).Length);
        }
    }

    private static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
