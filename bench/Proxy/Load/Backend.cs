using System.Net;
using AnycastVip.Proxy.Engine.Kernel;

namespace AnycastVip.Bench.Proxy.Load;

/// <summary>
/// The backend behind every proxy. The first octet of a request says what it does with the connection.
/// </summary>
internal sealed unsafe class Backend : ISocketOwner
{
    /// <summary>Every request and every answer has so many octets.</summary>
    public const int MessageSize = 64;

    /// <summary>Sends back what it receives.</summary>
    public const byte Echo = (byte)'E';

    /// <summary>Sends back what it receives and closes the connection.</summary>
    public const byte EchoOnce = (byte)'O';

    /// <summary>Sends for as long as it is let.</summary>
    public const byte Stream = (byte)'S';

    private const byte HeaderStart = 0x0D;
    private const int Backlog = 4096;

    private readonly EventPump _pump;
    private readonly StreamSource _source;
    private readonly int _listener;

    public Backend(EventPump pump, IPEndPoint endpoint)
    {
        _pump = pump;
        _source = new(pump);
        _listener = EventPump.Check(Libc.OpenStream(Libc.FamilyIPv4), "socket");
        Libc.SetOption(_listener, Libc.LevelSocket, Libc.ReuseAddress, 1);
        EventPump.Check(Libc.Bind(_listener, SocketName.Of(endpoint)), "bind");
        EventPump.Check(Libc.StartListening(_listener, Backlog), "listen");
        pump.Watch(_listener, Readiness.Readable, this);
    }

    public void OnEvent(int fd, Readiness readiness)
    {
        if (fd == _listener)
            Accept();
        else if (readiness != Readiness.Writable && !Answer(fd, readiness))
            _pump.Close(fd);
    }

    private void Accept()
    {
        while (Libc.Accept(_listener, out _) is >= 0 and var fd)
            _pump.Watch(fd, Readiness.StreamEdges, this);
    }

    // Whether the connection goes on.
    private bool Answer(int fd, Readiness readiness)
    {
        var received = _pump.Receive(fd);
        if (received <= 0)
            return received == -Errno.TryAgain;
        var header = HeaderOf(received);
        var request = _pump.Buffer + header;
        received -= header;
        if (received == 0)
            return true;
        switch (*request)
        {
            case EchoOnce:
                Libc.Send(fd, request, received);
                return false;
            case Stream:
                // Level-triggered: a buffer at a time, so that other sockets have their turn.
                _pump.Rewatch(fd, Readiness.Writable | Readiness.PeerClosed, _source);
                return true;
            default:
                // With the end reported beside the octets there is no further event.
                return Libc.Send(fd, request, received) == received
                    && (!readiness.HasFlag(Readiness.PeerClosed) || _pump.Receive(fd) == -Errno.TryAgain);
        }
    }

    // How many octets a header of the PROXY protocol has, version 2, at the front; 0: there is none.
    private int HeaderOf(int received)
    {
        const int fixedSize = 16, lengthAt = 14;
        return received >= fixedSize && *_pump.Buffer == HeaderStart
            ? fixedSize + (_pump.Buffer[lengthAt] << 8 | _pump.Buffer[lengthAt + 1])
            : 0;
    }

    private sealed class StreamSource(EventPump pump) : ISocketOwner
    {
        public void OnEvent(int fd, Readiness readiness)
        {
            if (readiness != Readiness.Writable
                || Libc.Send(fd, pump.Buffer, EventPump.BufferSize) is < 0 and not -Errno.TryAgain)
                pump.Close(fd);
        }
    }
}
