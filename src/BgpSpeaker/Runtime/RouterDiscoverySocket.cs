using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using AnycastVip.BgpSpeaker.Discovery;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>A raw ICMPv6 socket for the messages of router discovery on one interface.</summary>
internal sealed partial class RouterDiscoverySocket : IDisposable
{
    private const int LevelSocket = 1;
    private const int LevelIPv6 = 41;
    private const int LevelIcmpV6 = 58;
    private const int BindToDevice = 25;
    private const int MulticastHops = 18;
    private const int MulticastLoop = 19;
    private const int ReceiveHopLimit = 51;
    private const int HopLimitMessage = 52;
    private const int Icmp6Filter = 1;
    private const int FilterOctets = 32;
    private const int MessageMaximum = 2048;
    private const int ControlOctets = 64;
    private const int AddressOctets = 28;
    private const int DoNotWait = 0x40;
    private const int Interrupted = 4;
    private const int Again = 11;

    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");
    private static readonly IPAddress AllRouters = IPAddress.Parse("ff02::2");
    private static readonly byte[] AdvertisementOctets = RouterDiscoveryCodec.EncodeAdvertisement();
    private static readonly byte[] SolicitationOctets = RouterDiscoveryCodec.EncodeSolicitation();

    private readonly Socket _socket;
    private readonly int _index;
    private readonly byte[] _peek = new byte[1];

    private RouterDiscoverySocket(Socket socket, int index)
    {
        _socket = socket;
        _index = index;
    }

    /// <summary>Opens the socket and joins all-nodes on the interface.</summary>
    /// <param name="interfaceName">The interface's name.</param>
    /// <param name="index">Its index.</param>
    /// <exception cref="SocketException">No CAP_NET_RAW, or the interface is gone.</exception>
    public static RouterDiscoverySocket Open(string interfaceName, int index)
    {
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        try
        {
            socket.Blocking = false;
            socket.SetRawSocketOption(LevelIcmpV6, Icmp6Filter, OnlyAdvertisements());
            socket.SetRawSocketOption(LevelSocket, BindToDevice, Encoding.UTF8.GetBytes(interfaceName));
            SetInt(socket, MulticastHops, RouterDiscoveryCodec.HopLimit);
            SetInt(socket, MulticastLoop, 0);
            SetInt(socket, ReceiveHopLimit, 1);
            socket.SetSocketOption(
                SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(AllNodes, index));
            return new RouterDiscoverySocket(socket, index);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a Router Advertisement to all nodes.</summary>
    /// <exception cref="SocketException">The interface is down, or has no link-local address yet.</exception>
    public void SendAdvertisement() => _socket.SendTo(AdvertisementOctets, Scoped(AllNodes));

    /// <summary>Sends a Router Solicitation to all routers.</summary>
    /// <exception cref="SocketException">The interface is down, or has no link-local address yet.</exception>
    public void SendSolicitation() => _socket.SendTo(SolicitationOctets, Scoped(AllRouters));

    /// <summary>Completes when a message waits, or the socket has failed.</summary>
    public async Task WhenReadableAsync(CancellationToken cancel)
    {
        try
        {
            await _socket.ReceiveAsync(_peek, SocketFlags.Peek, cancel);
        }
        catch (SocketException)
        {
            // The read that follows reports it; a message longer than what is peeked at is none.
        }
    }

    /// <summary>Takes a message without waiting; false when none waits.</summary>
    /// <param name="source">Who sent it when it is a valid Router Advertisement, else null.</param>
    /// <exception cref="SocketException">The interface went down.</exception>
    public unsafe bool TryReceive(out IPAddress? source)
    {
        source = null;
        var message = stackalloc byte[MessageMaximum];
        var control = stackalloc byte[ControlOctets];
        var address = stackalloc byte[AddressOctets];
        var vector = new IoVector { Base = message, Length = MessageMaximum };
        var header = new MessageHeader
        {
            Name = address,
            NameLength = AddressOctets,
            Vectors = &vector,
            VectorCount = 1,
            Control = control,
            ControlLength = ControlOctets,
        };
        var length = ReceiveMessage(_socket.SafeHandle, &header, DoNotWait);
        if (length < 0)
        {
            return Marshal.GetLastPInvokeError() is Again or Interrupted
                ? false
                : throw new SocketException((int)SocketError.NetworkDown);
        }
        // struct sockaddr_in6: family, port, flow information, address, scope.
        var sender = new IPAddress(new ReadOnlySpan<byte>(address + 8, 16), *(uint*)(address + 24));
        var hopLimit = HopLimit(new ReadOnlySpan<byte>(control, (int)header.ControlLength));
        if (RouterDiscoveryCodec.IsAdvertisement(new ReadOnlySpan<byte>(message, (int)length), sender, hopLimit))
            source = sender;
        return true;
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    // struct cmsghdr: length (a machine word), level, type; then the value, aligned to a machine word.
    private static int HopLimit(ReadOnlySpan<byte> control)
    {
        var word = UIntPtr.Size;
        var headerOctets = word + 8;
        while (control.Length >= headerOctets + sizeof(int))
        {
            var length = (int)MemoryMarshal.Read<nuint>(control);
            var level = MemoryMarshal.Read<int>(control[word..]);
            var type = MemoryMarshal.Read<int>(control[(word + 4)..]);
            if (level == LevelIPv6 && type == HopLimitMessage)
                return MemoryMarshal.Read<int>(control[headerOctets..]);
            if (length < headerOctets)
                break;
            control = control[Math.Min(control.Length, (length + word - 1) / word * word)..];
        }
        return -1;
    }

    // struct icmp6_filter: a bit for each type, set where it is blocked.
    private static byte[] OnlyAdvertisements()
    {
        var filter = new byte[FilterOctets];
        Array.Fill(filter, byte.MaxValue);
        var words = MemoryMarshal.Cast<byte, uint>(filter.AsSpan());
        words[RouterDiscoveryCodec.Advertisement / 32] &= ~(1u << (RouterDiscoveryCodec.Advertisement % 32));
        return filter;
    }

    private static void SetInt(Socket socket, int name, int value) =>
        socket.SetRawSocketOption(LevelIPv6, name, BitConverter.GetBytes(value));

    private IPEndPoint Scoped(IPAddress address) =>
        new(new IPAddress(address.GetAddressBytes(), _index), 0);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static unsafe partial nint ReceiveMessage(SafeHandle socket, MessageHeader* header, int flags);

    // struct iovec.
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    // struct msghdr.
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
