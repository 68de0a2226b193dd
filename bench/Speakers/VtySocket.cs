using System.Net.Sockets;
using System.Text;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// The socket through which vtysh talks to an FRR daemon, kept open: starting a vtysh for each look would take more
/// time than what is looked at.
/// </summary>
internal sealed class VtySocket : IDisposable
{
    // An answer ends with three zero octets and the command's result.
    private const int TrailerLength = 4;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private byte[] _buffer = new byte[64 * 1024];

    /// <param name="path">The daemon's socket, such as <c>/run/frr/bgpd.vty</c>.</param>
    public VtySocket(string path)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        Ask("enable");
    }

    /// <summary>What a command prints.</summary>
    /// <returns>Valid until the next call.</returns>
    /// <exception cref="InvalidOperationException">The daemon refuses the command, or is gone.</exception>
    public ReadOnlyMemory<byte> Ask(string command)
    {
        _socket.Send([.. Encoding.UTF8.GetBytes(command), 0]);
        var filled = 0;
        while (!IsWhole(_buffer.AsSpan(0, filled)))
        {
            if (filled == _buffer.Length)
                Array.Resize(ref _buffer, 2 * _buffer.Length);
            var read = _socket.Receive(_buffer.AsSpan(filled));
            if (read == 0)
                throw new InvalidOperationException($"{command}: the daemon is gone");
            filled += read;
        }
        return _buffer[filled - 1] == 0
            ? _buffer.AsMemory(0, filled - TrailerLength)
            : throw new InvalidOperationException(
                $"{command}: {Encoding.UTF8.GetString(_buffer.AsSpan(0, filled - TrailerLength))}");
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer) =>
        answer.Length >= TrailerLength && !answer[^TrailerLength..^1].ContainsAnyExcept((byte)0);
}
