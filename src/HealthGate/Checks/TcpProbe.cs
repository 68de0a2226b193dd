using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AnycastVip.HealthGate.Checks;

/// <summary>Opens a TCP connection and closes it again.</summary>
/// <param name="target">Where to.</param>
/// <param name="device">
/// The interface that the connection is bound to: `lo` for a self-probe, which other nodes could answer through the
/// routers otherwise. Null: as routed.
/// </param>
public sealed class TcpProbe(IPEndPoint target, string? device = null) : IProbe
{
    /// <inheritdoc/>
    public async Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
    {
        using var socket = await ConnectAsync(target, device, timeout);
        return new(true, "connected");
    }

    internal static async Task<Socket> ConnectAsync(IPEndPoint target, string? device, CancellationToken timeout)
    {
        var socket = Open(target.AddressFamily);
        try
        {
            if (device is not null)
                Bind(socket, device);
            await socket.ConnectAsync(target, timeout);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket that is closed with a reset.</summary>
    internal static Socket Open(AddressFamily family) => new(family, SocketType.Stream, ProtocolType.Tcp)
    {
        // A check each second from each node must not fill the table with TIME_WAIT.
        LingerState = new LingerOption(true, 0),
        NoDelay = true,
    };

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
