using System.Net;
using System.Net.Sockets;

namespace AnycastVip.Proxy.Tests;

/// <summary>A backend that sends back what it is sent, until the client ends or it is disposed.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly Socket _listener;
    private readonly Task _accepting;

    public EchoServer(Socket listener)
    {
        _listener = listener;
        Endpoint = listener.EndPoint();
        _accepting = Accept();
    }

    public IPEndPoint Endpoint { get; }

    public void Dispose()
    {
        _listener.Dispose();
        _accepting.Wait(Rig.Patience, Rig.Cancellation);
    }

    private async Task Accept()
    {
        try
        {
            while (true)
                _ = Echo(await _listener.AcceptAsync(Rig.Cancellation));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Disposed: the connections end with their clients.
        }
    }

    private static async Task Echo(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[4096];
            try
            {
                while (await socket.ReceiveAsync(buffer, Rig.Cancellation) is > 0 and var count)
                    await socket.Write(buffer.AsMemory(0, count));
            }
            catch (SocketException)
            {
                // Reset: nobody waits for an answer.
            }
        }
    }
}
