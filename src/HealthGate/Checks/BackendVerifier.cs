using System.Net;
using System.Net.Sockets;

namespace AnycastVip.HealthGate.Checks;

/// <summary>What a backend does with a new connection.</summary>
public enum Verification
{
    /// <summary>It accepts.</summary>
    Connected,

    /// <summary>Nobody listens: the hard evidence for <see cref="Health.TargetFailed"/>.</summary>
    Refused,

    /// <summary>No answer within the time-out, or an error that says nothing about the backend itself.</summary>
    Failed,
}

/// <summary>Looks for itself, once and now, at what somebody else says of a backend.</summary>
public static class BackendVerifier
{
    /// <summary>Opens a TCP connection and resets it. Never throws for what the network does.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="timeout">For the whole of it; positive.</param>
    /// <param name="clock">Counts it.</param>
    public static async Task<Verification> VerifyAsync(IPEndPoint target, TimeSpan timeout, TimeProvider clock)
    {
        using var end = new CancellationTokenSource(timeout, clock);
        try
        {
            using var socket = await TcpProbe.ConnectAsync(target, null, end.Token);
            return Verification.Connected;
        }
        catch (SocketException error)
        {
            return Judge(error.SocketErrorCode);
        }
        catch (OperationCanceledException)
        {
            return Verification.Failed;
        }
    }

    private static Verification Judge(SocketError error) =>
        error == SocketError.ConnectionRefused ? Verification.Refused : Verification.Failed;
}
