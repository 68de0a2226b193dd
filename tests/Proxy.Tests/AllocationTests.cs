using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public abstract class AllocationTests(TransportKind transport)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Thousands_of_connections_allocate_nothing_on_the_loops_heap(bool ejects)
    {
        using var rig = new Rig(loops: 2, observations: 64, transport: transport);
        rig.Engine.Ejects = ejects;
        using var echo = new EchoServer(rig.Listen());
        var endpoint = rig.Open(Rig.Pool(
            Rig.Backend("gone", Rig.Nobody()) with { Weight = 10 }, Rig.Backend("b", echo.Endpoint)));
        await Use(rig, endpoint, 300);
        var before = Allocated(rig);
        await Use(rig, endpoint, 3000);
        Assert.Equal(before, Allocated(rig));
        Assert.Equal(ejects, rig.Count("gone").EjectedFor is not null);
        Assert.InRange(rig.Count("gone").Refused, ejects ? 5 : 1000, ejects ? 5 : 3300);
        Assert.Equal(3300, rig.Count(endpoint).Accepted);
        Assert.Equal(3300L * Message.Length, rig.Count(endpoint).OctetsToClients);
    }

    [Theory]
    [InlineData(BalanceAlgorithm.LeastResponseTime)]
    [InlineData(BalanceAlgorithm.Random)]
    [InlineData(BalanceAlgorithm.SourceHash)]
    [InlineData(BalanceAlgorithm.Maglev)]
    public void A_choice_allocates_nothing(BalanceAlgorithm algorithm)
    {
        var pool = Pools.Of(new PoolSpec
        {
            Name = "p",
            Balance = algorithm,
            Backends = [.. Pools.Members(1, 2, 0, 3).Select(member => Pools.Backend(member.Name, member.Weight))],
            Persistence = new(TimeSpan.FromMinutes(1), 32, 128, 100),
        });
        void Choose(int count)
        {
            for (ushort i = 0; i < count; i++)
            {
                var source = new SourceAddress((UInt128)i << 64);
                var backend = pool.Reserve([(ushort)(i % 4)], TimeSpan.FromMilliseconds(i), source: source)!;
                pool.Measure(backend.Slot, ResponsePart.Connect, TimeSpan.FromTicks(i), TimeSpan.FromMilliseconds(i));
                backend.Connections.Release();
            }
        }
        Choose(300);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Choose(3000);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static readonly byte[] Message = new byte[3000];

    private static async Task Use(Rig rig, System.Net.IPEndPoint endpoint, int connections)
    {
        for (var i = 0; i < connections; i++)
        {
            using var client = await rig.Connect(endpoint);
            await client.Write(Message);
            Assert.Equal(Message.Length, (await client.Read(Message.Length)).Length);
        }
        await rig.Quiet();
    }

    private static long Allocated(Rig rig)
    {
        var sum = 0L;
        rig.Engine.OnEveryLoop(_ => Interlocked.Add(ref sum, GC.GetAllocatedBytesForCurrentThread()));
        return sum;
    }
}
