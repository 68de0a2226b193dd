using System.Buffers.Binary;
using System.Net.Sockets;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Engine.Kernel;
using Google.Protobuf;

namespace AnycastVip.Proxy.Replacement;

/// <summary>
/// One end of the connection of replacement.proto. Calls block, each for a bounded time: a process that hangs must not
/// hang the other.
/// </summary>
internal sealed class HandOverChannel : IDisposable
{
    // A table of the largest size allowed has a fraction of it.
    private const int MaximumMessage = 16 * 1024 * 1024;

    private const int SolSocket = 1;
    private const int ReceiveTimeout = 20;
    private const int SendTimeout = 21;

    private readonly Socket _socket;

    /// <param name="socket">A connected Unix stream socket; the channel owns it.</param>
    /// <param name="bound">How long one call may wait for the other side.</param>
    public HandOverChannel(Socket socket, TimeSpan bound)
    {
        _socket = socket;
        // struct timeval.
        Span<byte> time = stackalloc byte[2 * sizeof(long)];
        BitConverter.TryWriteBytes(time, (long)bound.TotalSeconds);
        BitConverter.TryWriteBytes(time[sizeof(long)..], (long)bound.Milliseconds * 1000);
        _socket.SetRawSocketOption(SolSocket, ReceiveTimeout, time);
        _socket.SetRawSocketOption(SolSocket, SendTimeout, time);
    }

    private int Descriptor => (int)_socket.Handle;

    /// <exception cref="IOException">The other side is gone or does not read.</exception>
    public void Send(HandOver message)
    {
        var frame = new byte[sizeof(int) + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - sizeof(int));
        message.WriteTo(frame.AsSpan(sizeof(int)));
        for (var sent = 0; sent < frame.Length;)
            sent += Check(Repeat(() => Libc.SendRights(Descriptor, frame.AsSpan(sent), [])));
    }

    /// <summary>Sends copies of descriptors.</summary>
    /// <exception cref="IOException">The other side is gone or does not read.</exception>
    public void SendDescriptors(IEnumerable<int> descriptors)
    {
        foreach (var batch in descriptors.Chunk(Libc.MaximumRights))
            Check(Repeat(() => Libc.SendRights(Descriptor, [0], batch)));
    }

    /// <exception cref="IOException">The other side is gone, silent, or says what cannot be read.</exception>
    public HandOver Receive()
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(Receive(sizeof(int)));
        if (length is < 0 or > MaximumMessage)
            throw new IOException($"a message of {length} octets: is it of another version?");
        try
        {
            return HandOver.Parser.ParseFrom(Receive(length));
        }
        catch (InvalidProtocolBufferException error)
        {
            throw new IOException($"a message that cannot be read ({error.Message}): is it of another version?", error);
        }
    }

    /// <summary>Receives as many descriptors as are announced; the caller owns them.</summary>
    /// <exception cref="IOException">The other side is gone or silent, or sent another number.</exception>
    public List<int> ReceiveDescriptors(int count)
    {
        var all = new List<int>(count);
        var batch = new int[Libc.MaximumRights];
        try
        {
            while (all.Count < count)
            {
                var received = 0;
                Check(Repeat(() => Libc.ReceiveRights(Descriptor, stackalloc byte[1], batch, out received)));
                if (received == 0)
                    throw new IOException($"{count} descriptors were announced, and {all.Count} came");
                all.AddRange(batch.AsSpan(0, received));
            }
            return all;
        }
        catch
        {
            all.ForEach(descriptor => Libc.CloseDescriptor(descriptor));
            throw;
        }
    }

    /// <summary>Waits for the other side's end, for a bounded time; anything else ends the wait too.</summary>
    public void AwaitEnd() => Repeat(() => Libc.ReceiveRights(Descriptor, stackalloc byte[1], [], out _));

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private byte[] Receive(int length)
    {
        var octets = new byte[length];
        for (var filled = 0; filled < length;)
        {
            var received = Check(Repeat(() => Libc.ReceiveRights(Descriptor, octets.AsSpan(filled), [], out _)));
            if (received == 0)
                throw new IOException("the other process has ended the hand-over");
            filled += received;
        }
        return octets;
    }

    // With a bound the kernel does not go on by itself after a signal, which the runtime sends its threads (signal(7)).
    private static int Repeat(Func<int> call)
    {
        int result;
        do
            result = call();
        while (result == -Errno.Interrupted);
        return result;
    }

    private static int Check(int result) => result switch
    {
        >= 0 => result,
        -Errno.TryAgain => throw new IOException("the other process does not go on with the hand-over"),
        _ => throw new IOException($"the other process is gone (errno {-result})"),
    };
}
