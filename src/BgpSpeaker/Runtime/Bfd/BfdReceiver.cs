using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>
/// The socket that Control packets of one kind and family come to, and the last packet read from it. All memory is
/// taken once.
/// </summary>
internal sealed unsafe class BfdReceiver : IDisposable
{
    private const int LevelSocket = 1;
    private const int LevelIP = 0;
    private const int LevelIPv6 = 41;
    private const int TimeStampNs = 35;
    private const int ReceiveOverflow = 40;
    private const int MemoryInfo = 55;
    private const int IPTtl = 2;
    private const int IPPacketInfo = 8;
    private const int IPReceiveTtl = 12;
    private const int IPv6ReceivePacketInfo = 49;
    private const int IPv6PacketInfo = 50;
    private const int IPv6ReceiveHopLimit = 51;
    private const int IPv6HopLimit = 52;
    private const int IPv6Size = 16;
    private const int IPv4Size = 4;

    // More than any BFD packet: RFC 5880 has a length octet.
    private const int PayloadSize = 256;
    private const int NameSize = 28;
    private const int ControlSize = 256;
    private const int BufferSize = PayloadSize + NameSize + ControlSize;

    private readonly Socket _socket;
    private readonly byte* _memory;
    private readonly BfdKernel.MessageHeader* _message;
    private readonly byte* _payload;
    private readonly byte* _name;
    private readonly byte* _control;
    private byte* _destination;
    private int _length;

    private BfdReceiver(Socket socket, bool isMultihop)
    {
        _socket = socket;
        IsMultihop = isMultihop;
        Descriptor = (int)socket.Handle;
        var headers = sizeof(BfdKernel.MessageHeader) + sizeof(BfdKernel.Vector);
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(headers + BufferSize));
        _message = (BfdKernel.MessageHeader*)_memory;
        var vector = (BfdKernel.Vector*)(_message + 1);
        // The control messages first, because they must be aligned.
        _control = (byte*)(vector + 1);
        _payload = _control + ControlSize;
        _name = _payload + PayloadSize;
        *vector = new() { Start = _payload, Length = PayloadSize };
        *_message = new() { Name = _name, Vectors = vector, VectorCount = 1, Control = _control };
    }

    /// <summary>
    /// More packets than the socket's buffer can hold: whoever has read so many has read all that were there when he
    /// began. Twice 256 KiB, of which the smallest packet takes at least 640 octets.
    /// </summary>
    public const int Capacity = 1024;

    private const int BufferOctets = 256 * 1024;

    /// <summary>For poll.</summary>
    public int Descriptor { get; }

    /// <summary>Packets of RFC 5883, not of RFC 5881.</summary>
    public bool IsMultihop { get; }

    /// <summary>The port that packets are sent to.</summary>
    public ushort Port => IsMultihop ? BfdPath.MultihopPort : BfdPath.SingleHopPort;

    /// <summary>IPv4 or IPv6.</summary>
    public AddressFamily Family => _socket.AddressFamily;

    /// <summary>A moment after which everything came that is in the socket now.</summary>
    public TimeSpan EmptyAt { get; set; }

    /// <summary>How many packets the kernel had dropped for want of room, as far as it said (SO_RXQ_OVFL).</summary>
    public uint KnownDrops { get; set; }

    /// <summary>How many it had dropped when it queued the last packet.</summary>
    public uint DropsBefore { get; private set; }

    /// <summary>When the last packet came, on the wall clock; null: the kernel did not say.</summary>
    public TimeSpan? Stamp { get; private set; }

    /// <summary>The TTL or hop limit of the last packet; 0: the kernel did not say.</summary>
    public byte Ttl { get; private set; }

    /// <summary>The interface that the last packet came in on.</summary>
    public int Interface { get; private set; }

    /// <summary>The UDP payload of the last packet.</summary>
    public ReadOnlySpan<byte> Payload => new(_payload, _length);

    /// <summary>The last packet's source address.</summary>
    public ReadOnlySpan<byte> Source =>
        Family == AddressFamily.InterNetworkV6 ? new(_name + 8, IPv6Size) : new(_name + 4, IPv4Size);

    /// <summary>The last packet's destination address; empty: the kernel did not say.</summary>
    public ReadOnlySpan<byte> Destination =>
        _destination is null ? [] : new(_destination, Family == AddressFamily.InterNetworkV6 ? IPv6Size : IPv4Size);

    /// <summary>Opens the socket.</summary>
    /// <exception cref="SocketException">Another program has the port, or the family is off.</exception>
    public static BfdReceiver Open(AddressFamily family, bool isMultihop)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = BufferOctets };
        try
        {
            if (family == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
                Enable(socket, LevelIPv6, IPv6ReceiveHopLimit);
                Enable(socket, LevelIPv6, IPv6ReceivePacketInfo);
            }
            else
            {
                Enable(socket, LevelIP, IPReceiveTtl);
                Enable(socket, LevelIP, IPPacketInfo);
            }
            Enable(socket, LevelSocket, TimeStampNs);
            Enable(socket, LevelSocket, ReceiveOverflow);
            var any = family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
            socket.Bind(new IPEndPoint(any, isMultihop ? BfdPath.MultihopPort : BfdPath.SingleHopPort));
            return new BfdReceiver(socket, isMultihop);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next packet, if there is one.</summary>
    public bool TryReceive()
    {
        _message->NameLength = NameSize;
        _message->ControlLength = ControlSize;
        _length = BfdKernel.Receive(Descriptor, _message);
        if (_length < 0)
            return false;
        Ttl = 0;
        Interface = 0;
        Stamp = null;
        _destination = null;
        DropsBefore = KnownDrops;
        ReadControl();
        return true;
    }

    /// <summary>How many packets the kernel has dropped by now (SO_MEMINFO).</summary>
    public uint CountDrops()
    {
        const int Values = 9, Drops = 8;
        Span<byte> info = stackalloc byte[Values * sizeof(uint)];
        return _socket.GetRawSocketOption(LevelSocket, MemoryInfo, info) == info.Length
            ? MemoryMarshal.Read<uint>(info[(Drops * sizeof(uint))..])
            : KnownDrops;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        NativeMemory.Free(_memory);
    }

    private void ReadControl()
    {
        var at = _control;
        var end = _control + _message->ControlLength;
        while (at + sizeof(BfdKernel.ControlHeader) <= end)
        {
            var header = (BfdKernel.ControlHeader*)at;
            if (header->Length < (nuint)sizeof(BfdKernel.ControlHeader))
                return;
            ReadControl(header->Level, header->Type, at + sizeof(BfdKernel.ControlHeader));
            // CMSG_ALIGN: each begins at a multiple of the word.
            at += (header->Length + (nuint)sizeof(nuint) - 1) & ~((nuint)sizeof(nuint) - 1);
        }
    }

    private void ReadControl(int level, int type, byte* data)
    {
        switch (level, type)
        {
            case (LevelSocket, TimeStampNs):
                Stamp = ((BfdKernel.TimeSpec*)data)->ToTimeSpan();
                break;
            case (LevelSocket, ReceiveOverflow):
                DropsBefore = *(uint*)data;
                break;
            case (LevelIP, IPTtl) or (LevelIPv6, IPv6HopLimit):
                Ttl = (byte)*(int*)data;
                break;
            // struct in_pktinfo: interface, local address, destination; struct in6_pktinfo: destination, interface.
            case (LevelIP, IPPacketInfo):
                Interface = *(int*)data;
                _destination = data + (2 * sizeof(int));
                break;
            case (LevelIPv6, IPv6PacketInfo):
                _destination = data;
                Interface = *(int*)(data + IPv6Size);
                break;
        }
    }

    private static void Enable(Socket socket, int level, int name) =>
        socket.SetRawSocketOption(level, name, BitConverter.GetBytes(1));
}
