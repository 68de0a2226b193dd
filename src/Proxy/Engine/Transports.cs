using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Proxy.Engine;

/// <summary>The interface of the kernel by which a loop carries connections.</summary>
public enum TransportKind
{
    /// <summary>io_uring where the kernel has it and allows it, epoll elsewhere.</summary>
    Auto,

    /// <summary>Works everywhere.</summary>
    Epoll,

    /// <summary>Faster; needs Linux 6.0 and a node that does not forbid it, as many containers do.</summary>
    IoUring,
}

/// <summary>Chooses a loop's transport by trying it.</summary>
internal static class Transports
{
    /// <summary>Opens a transport.</summary>
    /// <param name="kind">Which; Auto takes the best that there is.</param>
    /// <param name="table">The connections.</param>
    /// <param name="handler">Whom it reports to.</param>
    /// <param name="used">Which it is.</param>
    /// <param name="reason">Why it is not io_uring; empty when it is, or was not to be.</param>
    /// <exception cref="InvalidOperationException">It must be io_uring and cannot be.</exception>
    public static ITransport Open(
        TransportKind kind, ConnectionTable table, ITransportHandler handler, out TransportKind used, out string reason)
    {
        (used, reason) = (TransportKind.IoUring, "");
        if (kind != TransportKind.Epoll)
        {
            if (IoUringTransport.TryOpen(table, handler, out var errno) is { } transport)
                return transport;
            reason = $"no io_uring: {ReasonOf(errno)}";
            if (kind == TransportKind.IoUring)
                throw new InvalidOperationException(reason);
        }
        used = TransportKind.Epoll;
        return new EpollTransport(table, handler);
    }

    /// <summary>As the operator and the API call it.</summary>
    public static string NameOf(TransportKind kind) => kind switch
    {
        TransportKind.Epoll => "epoll",
        TransportKind.IoUring => "io_uring",
        _ => "auto",
    };

    /// <summary>Why io_uring cannot be had, in words.</summary>
    public static string ReasonOf(int errno) => errno switch
    {
        Errno.NoSuchCall => "this kernel is built without it",
        Errno.NotPermitted or Errno.AccessDenied =>
            "it is forbidden here (kernel.io_uring_disabled, or the container's seccomp profile)",
        Errno.InvalidArgument => "this kernel is older than Linux 6.0",
        Errno.OutOfMemory => "no memory for it, or the limit on locked memory (RLIMIT_MEMLOCK) is too low",
        _ => $"it cannot be opened (errno {errno})",
    };
}
