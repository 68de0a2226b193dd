using System.Net.Sockets;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

/// <summary>
/// Both ends write, read, half-close and reset as a seed says. What each end reads is judged by a model of two streams
/// that knows nothing of proxies: a prefix of what the other wrote, an end only where the other ended, an error only
/// after a reset.
/// </summary>
public abstract class RandomScheduleTests(TransportKind transport)
{
    private const int Steps = 300;

    private static readonly int Seeds =
        int.TryParse(Environment.GetEnvironmentVariable("VIP_SEEDS"), out var seeds) ? seeds : 100;

    [Fact]
    public async Task Whatever_the_schedule_the_streams_are_those_of_one_connection()
    {
        using var rig = new Rig(transport: transport);
        var backend = rig.Listen();
        var endpoint = rig.Open(Rig.Pool(Rig.Backend("b", backend.EndPoint())));
        for (var seed = 0; seed < Seeds; seed++)
        {
            var (client, server) = await rig.Pair(endpoint, backend);
            var random = new Random(seed);
            var ends = new[] { new End(client, seed), new End(server, ~seed) };
            var wasReset = RunSchedule(random, ends, seed);
            if (wasReset)
            {
                foreach (var end in ends)
                    end.Socket.Dispose();
            }
            else
                await Finish(ends, seed);
        }
        await rig.Quiet();
    }

    // True when it came to a reset.
    private static bool RunSchedule(Random random, End[] ends, int seed)
    {
        var mayReset = random.Next(3) == 0;
        for (var step = 0; step < Steps; step++)
        {
            var (end, other) = random.Next(2) == 0 ? (ends[0], ends[1]) : (ends[1], ends[0]);
            switch (random.Next(100))
            {
                case < 45:
                    end.Write(random.Next(1, 1 << random.Next(1, 18)));
                    break;
                case < 98:
                    end.ReadFrom(other, random.Next(1, 1 << random.Next(1, 18)), $"seed {seed}, step {step}");
                    break;
                case 98 when step > Steps / 2:
                    end.Finish();
                    break;
                case 99 when mayReset:
                    end.Socket.Reset();
                    return AssertAborted(other, end, seed);
            }
        }
        return false;
    }

    // What was on its way may be lost, but nothing else may come, and no end.
    private static bool AssertAborted(End survivor, End broken, int seed)
    {
        survivor.Socket.Blocking = true;
        survivor.Socket.ReceiveTimeout = (int)Rig.Patience.TotalMilliseconds;
        while (survivor.ReadFrom(broken, 1 << 17, $"seed {seed}, after the reset")) { }
        Assert.True(survivor.IsBroken || survivor.SawEnd, $"seed {seed}: the reset did not arrive");
        return true;
    }

    private static async Task Finish(End[] ends, int seed)
    {
        foreach (var end in ends)
            end.Finish();
        await Poll.Until(
            () =>
            {
                while (ends[0].ReadFrom(ends[1], 1 << 17, $"seed {seed}, at the end")
                    | ends[1].ReadFrom(ends[0], 1 << 17, $"seed {seed}, at the end")) { }
                return ends.All(end => end.SawEnd);
            },
            done => done, Rig.Patience, $"both ends are read, seed {seed}");
        Assert.Equal((ends[0].Written, ends[1].Written), (ends[1].Read, ends[0].Read));
        foreach (var end in ends)
            end.Socket.Dispose();
    }

    /// <summary>One end: its socket, how far it has written and read. Octet n of its stream follows from n.</summary>
    private sealed class End
    {
        private readonly int _key;

        public End(Socket socket, int key)
        {
            Socket = socket;
            Socket.Blocking = false;
            _key = key;
        }

        public Socket Socket { get; }

        public long Written { get; private set; }

        public long Read { get; private set; }

        public bool HasEnded { get; private set; }

        public bool SawEnd { get; private set; }

        public bool IsBroken { get; private set; }

        public void Write(int count)
        {
            if (HasEnded)
                return;
            var octets = new byte[count];
            for (var i = 0; i < count; i++)
                octets[i] = OctetAt(Written + i);
            var sent = Socket.Send(octets, SocketFlags.None, out var error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"write: {error}");
            Written += sent;
        }

        /// <summary>Reads once and judges it; true when octets came.</summary>
        public bool ReadFrom(End other, int count, string place)
        {
            if (SawEnd || IsBroken)
                return false;
            var buffer = new byte[count];
            var length = Socket.Receive(buffer, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
                return false;
            if (error != SocketError.Success)
            {
                Assert.True(error == SocketError.ConnectionReset, $"{place}: {error}");
                Assert.True(other.Socket.SafeHandle.IsClosed, $"{place}: an error without a reset");
                IsBroken = true;
                return false;
            }
            for (var i = 0; i < length; i++)
                Assert.True(buffer[i] == other.OctetAt(Read + i), $"{place}: octet {Read + i} is another");
            Read += length;
            Assert.True(Read <= other.Written, $"{place}: more was read than written");
            if (length > 0)
                return true;
            Assert.True(other.HasEnded && Read == other.Written, $"{place}: an end after {Read} of {other.Written}");
            SawEnd = true;
            return false;
        }

        public void Finish()
        {
            if (!HasEnded)
                Socket.Shutdown(SocketShutdown.Send);
            HasEnded = true;
        }

        private byte OctetAt(long position) => (byte)((ulong)(position + _key) * 0x9E3779B97F4A7C15 >> 56);
    }
}
