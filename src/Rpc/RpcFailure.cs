using System.Net.Sockets;
using Grpc.Core;

namespace AnycastVip.Rpc;

/// <summary>A failed call, said to a person.</summary>
/// <param name="Code">The call's status.</param>
/// <param name="Unreachable">True when no daemon answered: no connection, or it broke before the call's end.</param>
/// <param name="Line">One line: what failed, where, and the remedy.</param>
public sealed record RpcFailure(StatusCode Code, bool Unreachable, string Line)
{
    /// <summary>Explains the failure of a call to the daemon on a Unix socket.</summary>
    public static RpcFailure Of(RpcException error, string socketPath)
    {
        var broken = Find<HttpRequestException>(error) is not null || Find<IOException>(error) is not null;
        // A PING left unanswered or a broken HTTP/2 frame comes as INTERNAL, like a bug of the daemon's.
        if (error.StatusCode == StatusCode.Unavailable || (error.StatusCode == StatusCode.Internal && broken))
        {
            var why = broken ? Broken(Find<SocketException>(error)) : error.Status.Detail;
            return new RpcFailure(error.StatusCode, true, $"{socketPath}: {why}");
        }

        var line = error.StatusCode switch
        {
            StatusCode.DeadlineExceeded => $"{socketPath}: no answer within the time given; the daemon may be hung",
            // The library's own text when no such method is served.
            StatusCode.Unimplemented when error.Status.Detail is "" or "Service is unimplemented."
                or "Method is unimplemented." =>
                $"{socketPath}: the daemon does not know this call; is it of another version?",
            _ => error.Status.Detail.Length > 0 ? error.Status.Detail : $"the call failed: {error.StatusCode}",
        };
        return new RpcFailure(error.StatusCode, false, line);
    }

    private static string Broken(SocketException? cause) => cause?.SocketErrorCode switch
    {
        // ENOENT has no SocketError of its own.
        SocketError.AddressNotAvailable => "no such socket; start vipd, or name the directory that it serves in",
        SocketError.ConnectionRefused => "nobody listens on this socket; start vipd",
        SocketError.AccessDenied => "permission denied; run as root or as a member of the socket's group",
        // EAGAIN: the backlog is full.
        SocketError.WouldBlock => "the daemon accepts no connections; it may be hung",
        _ => "the connection broke; see whether vipd runs and answers",
    };

    private static T? Find<T>(RpcException error)
        where T : Exception
    {
        for (var e = error.Status.DebugException; e is not null; e = e.InnerException)
        {
            if (e is T found)
                return found;
        }

        return null;
    }
}
