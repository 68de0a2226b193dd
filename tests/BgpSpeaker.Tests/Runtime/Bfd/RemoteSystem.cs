using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime;

namespace AnycastVip.BgpSpeaker.Tests.Runtime.Bfd;

/// <summary>The other end of a BFD session, played by hand: packets out, packets in.</summary>
internal sealed class RemoteSystem : IDisposable
{
    private const ushort SourcePort = 50000;
    private static readonly TimeSpan ReadBound = TimeSpan.FromSeconds(20);

    private readonly Socket _sender;
    private readonly Socket _receiver;
    private readonly EndPoint _speaker;

    private RemoteSystem(Socket sender, Socket receiver, EndPoint speaker)
    {
        _sender = sender;
        _receiver = receiver;
        _speaker = speaker;
    }

    public const uint Discriminator = 77;

    /// <summary>The speaker's discriminator, from its last packet.</summary>
    public uint SpeakersDiscriminator { get; private set; }

    /// <summary>Source of the speaker's last packet.</summary>
    public IPEndPoint? Source { get; private set; }

    /// <summary>TTL of what is sent from now on.</summary>
    public int Ttl
    {
        set => TcpOptions.SetTtl(_sender, value);
    }

    /// <summary>Opens its sockets in the other namespace.</summary>
    public static RemoteSystem Open(NamespacePair pair, bool isMultihop = false) => pair.There(() =>
    {
        var port = isMultihop ? BfdPath.MultihopPort : BfdPath.SingleHopPort;
        var address = IPAddress.Parse(NamespacePair.ThereIPv4);
        var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.Bind(new IPEndPoint(address, SourcePort));
        var receiver = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        receiver.Bind(new IPEndPoint(address, port));
        var remote = new IPEndPoint(IPAddress.Parse(NamespacePair.HereIPv4), port);
        return new RemoteSystem(sender, receiver, remote) { Ttl = BfdPath.FullTtl };
    });

    /// <summary>Its Detect Mult: at first 2 s of silence are no failure, so that a busy machine may be slow.</summary>
    public byte DetectMult { get; set; } = 40;

    /// <summary>A packet in this state, with intervals of 50 ms.</summary>
    public BfdPacket Packet(BfdState state) => new()
    {
        State = state,
        DetectMult = DetectMult,
        MyDiscriminator = Discriminator,
        YourDiscriminator = SpeakersDiscriminator,
        DesiredMinTxInterval = TimeSpan.FromMilliseconds(50),
        RequiredMinRxInterval = TimeSpan.FromMilliseconds(50),
    };

    public void Send(in BfdPacket packet)
    {
        var octets = new byte[BfdPacketCodec.Length];
        _ = BfdPacketCodec.Encode(octets, packet);
        _sender.SendTo(octets, _speaker);
    }

    /// <summary>The next packet of the speaker.</summary>
    public Task<BfdPacket> ReceiveAsync() => ReceiveAsync(_ => true);

    /// <summary>The next packet of the speaker that is as wanted.</summary>
    public async Task<BfdPacket> ReceiveAsync(Func<BfdPacket, bool> isWanted)
    {
        using var bound = new CancellationTokenSource(ReadBound);
        while (true)
        {
            var packet = await ReceiveOneAsync(bound.Token);
            if (isWanted(packet))
                return packet;
        }
    }

    private async Task<BfdPacket> ReceiveOneAsync(CancellationToken cancel)
    {
        var octets = new byte[64];
        var read = await _receiver.ReceiveFromAsync(octets, new IPEndPoint(IPAddress.Any, 0), cancel);
        var reason = BfdPacketCodec.Decode(octets.AsSpan(0, read.ReceivedBytes), out var packet);
        Assert.Equal(BfdDiscardReason.None, reason);
        Source = (IPEndPoint)read.RemoteEndPoint;
        SpeakersDiscriminator = packet.MyDiscriminator;
        return packet;
    }

    /// <summary>Brings the session Up, and ends the Poll Sequence that follows.</summary>
    public async Task BringUpAsync()
    {
        // Before its first packet the session may not be there, and what is sent is for nobody.
        await ReceiveAsync();
        Send(Packet(BfdState.Down) with { YourDiscriminator = 0 });
        await ReceiveAsync(packet => packet is { State: BfdState.Init, YourDiscriminator: Discriminator });
        Send(Packet(BfdState.Init));
        await ReceiveAsync(packet => packet.State == BfdState.Up);
        Send(Packet(BfdState.Up));
        var poll = await ReceiveAsync(packet => packet.Poll);
        Send(Packet(poll.State) with { Final = true });
    }

    /// <summary>Sends at its own pace and listens to nobody: a packet in each 20 ms.</summary>
    /// <param name="time">For how long.</param>
    public async Task SendUpForAsync(TimeSpan time)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
            Send(Packet(BfdState.Up));
        while (await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken)
            && TimeProvider.System.GetElapsedTime(start) < time);
    }

    /// <summary>Keeps the session Up, a packet for each one of the speaker's, until cancelled.</summary>
    public async Task KeepUpAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            Send(Packet(BfdState.Up));
            await ReceiveAsync();
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }
}
