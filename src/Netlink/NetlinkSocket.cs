using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace AnycastVip.Netlink;

/// <summary>The kernel's answer to one request.</summary>
/// <param name="ErrorNumber">An errno; 0: it succeeded.</param>
/// <param name="ErrorText">The kernel's own words; may be empty.</param>
/// <param name="Messages">What was asked for.</param>
/// <param name="IsInterrupted">A dump during which something changed: it may lack entries.</param>
public sealed record NetlinkAnswer(
    int ErrorNumber, string ErrorText, IReadOnlyList<NetlinkMessage> Messages, bool IsInterrupted);

/// <summary>
/// An rtnetlink socket. It belongs for ever to the network namespace of the thread that opens it. One task at a time.
/// </summary>
public sealed partial class NetlinkSocket : IDisposable
{
    private const int AddressFamilyNetlink = 16;
    private const int SocketRaw = 3;
    private const int CloseOnExec = 0x80000;
    private const int ProtocolRoute = 0;
    private const int LevelNetlink = 270;
    private const int CapAcknowledgement = 10;
    private const int ExtendedAcknowledgement = 11;

    // The kernel's parts of a dump are at most 32 KiB (NLMSG_GOODSIZE and netlink_dump's own cap).
    private const int BufferOctets = 64 * 1024;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[BufferOctets];
    private uint _sequence;

    private NetlinkSocket(Socket socket) => _socket = socket;

    /// <summary>Opens a socket.</summary>
    /// <param name="groups">The multicast groups to hear, as a mask (RTMGRP_*); 0: none.</param>
    /// <exception cref="SocketException">The system refuses.</exception>
    public static NetlinkSocket Open(uint groups)
    {
        var descriptor = OpenDescriptor(AddressFamilyNetlink, SocketRaw | CloseOnExec, ProtocolRoute);
        if (descriptor < 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { Blocking = false };
        try
        {
            var address = new SocketAddressNetlink { Family = AddressFamilyNetlink, Groups = groups };
            if (Bind(socket.SafeHandle, in address, Marshal.SizeOf<SocketAddressNetlink>()) < 0)
                throw new SocketException(Marshal.GetLastPInvokeError());
            var on = BitConverter.GetBytes(1);
            socket.SetRawSocketOption(LevelNetlink, CapAcknowledgement, on);
            socket.SetRawSocketOption(LevelNetlink, ExtendedAcknowledgement, on);
            return new NetlinkSocket(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>How many octets of notifications the kernel keeps for a slow reader before it drops some.</summary>
    public int ReceiveBufferOctets
    {
        set => _socket.ReceiveBufferSize = value;
    }

    /// <summary>Sends a request and reads its whole answer.</summary>
    /// <param name="build">Makes the request from a sequence number.</param>
    /// <param name="cancel">Abandons it: the kernel may have done it nevertheless.</param>
    /// <exception cref="SocketException">The socket fails; an errno in the answer is no such failure.</exception>
    public async Task<NetlinkAnswer> AskAsync(Func<uint, byte[]> build, CancellationToken cancel)
    {
        var sequence = ++_sequence;
        await _socket.SendAsync(build(sequence), cancel);
        var messages = new List<NetlinkMessage>();
        var interrupted = false;
        while (true)
        {
            // An abandoned request's answer may still be waiting: it has another number.
            foreach (var message in (await ReceiveAsync(cancel)).Where(message => message.Sequence == sequence))
            {
                interrupted |= (message.Flags & NetlinkMessage.DumpInterrupted) != 0;
                if (message.Type is NetlinkMessage.Error or NetlinkMessage.Done)
                    return new NetlinkAnswer(message.ErrorNumber, message.ErrorText(), messages, interrupted);
                messages.Add(message);
            }
        }
    }

    /// <summary>The messages of the next datagram.</summary>
    /// <exception cref="SocketException">
    /// NoBufferSpaceAvailable (ENOBUFS): notifications were dropped, and more will be until <see cref="Drain"/> was
    /// called; what they told must be asked for after it.
    /// </exception>
    public async Task<IReadOnlyList<NetlinkMessage>> ReceiveAsync(CancellationToken cancel)
    {
        var length = await _socket.ReceiveAsync(_buffer, cancel);
        return [.. NetlinkMessage.Split(_buffer.AsSpan(0, length).ToArray())];
    }

    /// <summary>
    /// Throws away what waits. After an ENOBUFS the kernel drops every notification without another word until it sees
    /// the queue empty.
    /// </summary>
    public void Drain()
    {
        SocketError error;
        do
            _socket.Receive(_buffer, SocketFlags.None, out error);
        while (error is SocketError.Success or SocketError.NoBufferSpaceAvailable);
    }

    /// <summary>Closes the socket.</summary>
    public void Dispose() => _socket.Dispose();

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenDescriptor(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeHandle socket, in SocketAddressNetlink address, int length);

    // struct sockaddr_nl; a port of 0 lets the kernel choose one.
    [StructLayout(LayoutKind.Sequential)]
    private struct SocketAddressNetlink
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }
}
