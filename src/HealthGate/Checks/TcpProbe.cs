using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace AnycastVip.HealthGate.Checks;

/// <summary>Opens a TCP connection and closes it again.</summary>
/// <param name="target">Where to.</param>
/// <param name="device">
/// The interface that the connection is bound to: `lo` for a self-probe, which other nodes could answer through the
/// routers otherwise. Null: as routed.
/// </param>
/// <param name="header">Sent once it is connected, for a target that expects a header first; empty: nothing.</param>
public sealed partial class TcpProbe(IPEndPoint target, string? device = null, ReadOnlyMemory<byte> header = default)
    : IProbe
{
    // A dead backend does not refuse a port on which a connection of before lies in TIME_WAIT: it answers for that one,
    // and the SYN comes again two ticks of the kernel (8-20 ms) later. Another port is faster.
    private const int AttemptsAtOnce = 16;

    // EINPROGRESS of connect(2).
    private const int InProgress = 115;

    /// <inheritdoc/>
    public async Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
    {
        using var socket = await ConnectAsync(target, device, timeout);
        if (!header.IsEmpty)
            await socket.SendAsync(header, timeout);
        return new(true, "connected");
    }

    /// <summary>Opens a connection that is closed with a reset.</summary>
    internal static async Task<Socket> ConnectAsync(IPEndPoint target, string? device, CancellationToken timeout)
    {
        // On the node itself the answer is there before connect() returns: neither a withdraw that hangs on it nor the
        // checks of an idle node need another thread to be woken.
        var isLocal = device is not null || IPAddress.IsLoopback(target.Address);
        for (var attempt = 0; isLocal && attempt < AttemptsAtOnce; attempt++)
        {
            if (TryConnectAtOnce(target, device) is { } connected)
                return connected;
        }
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Prepare(socket, device);
            await socket.ConnectAsync(target, timeout);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Null: the answer is not there all the same.
    private static Socket? TryConnectAtOnce(IPEndPoint target, string? device)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            Prepare(socket, device);
            var name = target.Serialize();
            // Not Socket.Connect: "in progress" is the rule here, and an exception for it costs more than the check.
            // Any other error comes back, with its name, from the connect() that follows.
            var isUnderWay = Connect(socket.SafeHandle, name.Buffer.Span, name.Size) >= 0
                || Marshal.GetLastPInvokeError() == InProgress;
            if (!isUnderWay || !socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite))
            {
                socket.Dispose();
                return null;
            }
            var error = (SocketError)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            return error == SocketError.Success ? socket : throw new SocketException((int)error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(SafeSocketHandle socket, ReadOnlySpan<byte> name, int size);

    private static void Prepare(Socket socket, string? device)
    {
        // A check each second from each node must not fill the table with TIME_WAIT.
        socket.LingerState = new LingerOption(true, 0);
        socket.NoDelay = true;
        if (device is not null)
            Bind(socket, device);
    }

    private static void Bind(Socket socket, string device)
    {
        const int SolSocket = 1, SoBindToDevice = 25;
        try
        {
            socket.SetRawSocketOption(SolSocket, SoBindToDevice, Encoding.ASCII.GetBytes(device + '\0'));
        }
        catch (SocketException)
        {
            // The error of an interface that does not exist has no name among those of sockets.
            throw new IOException($"cannot bind to interface {device}");
        }
    }
}
