using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>The other end of a session, played by hand: octets out, messages in.</summary>
internal sealed class TestPeer : IDisposable
{
    private static readonly TimeSpan ReadBound = TimeSpan.FromSeconds(20);

    private readonly NetworkStream _stream;
    private readonly EmittedUpdates _emitted = new();
    // Two writes at once may be mixed.
    private readonly SemaphoreSlim _writing = new(1);

    private TestPeer(NetworkStream stream) => _stream = stream;

    /// <summary>Octets written so far.</summary>
    public long Sent { get; private set; }

    /// <param name="from">The address that the speaker knows the peer by.</param>
    /// <param name="to">Where the speaker listens.</param>
    /// <param name="receiveBuffer">Octets that its kernel takes before the window closes; 0: the default.</param>
    /// <param name="key">TCP MD5 key; null: none.</param>
    public static async Task<TestPeer> ConnectAsync(
        IPAddress from, IPEndPoint to, int receiveBuffer = 0, string? key = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer > 0)
            socket.ReceiveBufferSize = receiveBuffer;
        if (key is not null)
            TcpOptions.SetMd5Key(socket, to.Address, key);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(to);
        return new TestPeer(new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>Takes over a connection that the speaker opened.</summary>
    public static async Task<TestPeer> AcceptAsync(Socket listener) =>
        new(new NetworkStream(await listener.AcceptAsync(), ownsSocket: true));

    public async Task SendAsync(byte[] octets)
    {
        await _writing.WaitAsync();
        try
        {
            _emitted.Played(octets);
            await _stream.WriteAsync(octets);
            Sent += octets.Length;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>One octet per segment; stops quietly where the speaker hangs up.</summary>
    public async Task SendSlowlyAsync(byte[] octets)
    {
        try
        {
            for (var i = 0; i < octets.Length; i++)
                await SendAsync(octets[i..(i + 1)]);
        }
        catch (IOException)
        {
            // The speaker has judged before the end; what it said is read next.
        }
    }

    public Task SendOpenAsync(OpenMessage open) => SendAsync(OpenEncoder.Encode(open));

    public Task SendRouteRefreshAsync()
    {
        var message = new byte[MessageSize.Maximum];
        var length = MessageEncoder.EncodeRouteRefresh(message, Family.IPv4Unicast, RouteRefreshSubtype.Request);
        return SendAsync(message[..length]);
    }

    public Task SendKeepAliveAsync()
    {
        var message = new byte[MessageSize.Header];
        MessageEncoder.EncodeKeepAlive(message);
        return SendAsync(message);
    }

    /// <summary>
    /// The next whole message; null when the speaker has closed. An UPDATE at which our decoder takes offence fails
    /// the test.
    /// </summary>
    public async Task<byte[]?> ReadAsync()
    {
        using var bound = new CancellationTokenSource(ReadBound);
        try
        {
            var header = new byte[MessageSize.Header];
            if (await _stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, bound.Token) == 0)
                return null;
            var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(16))];
            header.CopyTo(message, 0);
            await _stream.ReadExactlyAsync(message.AsMemory(header.Length), bound.Token);
            _emitted.Emitted(message);
            return message;
        }
        catch (IOException error) when (error.InnerException is SocketException)
        {
            return null;
        }
    }

    /// <summary>Asserts that the speaker has ended its side with a FIN, not with a reset, and says no more.</summary>
    public async Task AssertEndsWithFinAsync()
    {
        using var bound = new CancellationTokenSource(ReadBound);
        Assert.Equal(0, await _stream.ReadAsync(new byte[1], bound.Token));
    }

    /// <summary>Asserts that the speaker hangs up after this NOTIFICATION and nothing else.</summary>
    public async Task AssertNotifiedAsync(ErrorCode code, byte subcode)
    {
        var message = await ReadUntilAsync(MessageType.Notification);
        Assert.NotNull(message);
        Assert.Equal(((byte)code, subcode), (message[MessageSize.Header], message[MessageSize.Header + 1]));
        await AssertEndsWithFinAsync();
    }

    /// <summary>Reads on until a message of this type; null when the speaker closed before.</summary>
    public async Task<byte[]?> ReadUntilAsync(MessageType type)
    {
        while (await ReadAsync() is { } message)
        {
            if (message[MessageSize.Header - 1] == (byte)type)
                return message;
        }
        return null;
    }

    /// <summary>The IPv4 prefixes, all /32, of the next UPDATE that announces some.</summary>
    public async Task<string[]> ReadAnnouncedAsync()
    {
        while (await ReadUntilAsync(MessageType.Update) is { } update)
        {
            var body = update.AsSpan(MessageSize.Header);
            var withdrawn = BinaryPrimitives.ReadUInt16BigEndian(body);
            var attributes = BinaryPrimitives.ReadUInt16BigEndian(body[(2 + withdrawn)..]);
            var nlri = body[(4 + withdrawn + attributes)..];
            var prefixes = new List<string>();
            for (var at = 0; at < nlri.Length; at += 5)
                prefixes.Add($"{new IPAddress(nlri.Slice(at + 1, 4))}/{nlri[at]}");
            if (prefixes.Count > 0)
                return [.. prefixes];
        }
        return [];
    }

    /// <summary>Reads and forgets everything until either side has closed.</summary>
    public async Task DrainAsync()
    {
        try
        {
            while (await ReadAsync() is not null)
            {
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The test has seen enough.
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _writing.Dispose();
    }
}
