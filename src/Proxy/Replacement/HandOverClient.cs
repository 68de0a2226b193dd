using System.Net;
using System.Net.Sockets;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;
using AnycastVip.Proxy.Engine.Kernel;
using Google.Protobuf.WellKnownTypes;

namespace AnycastVip.Proxy.Replacement;

/// <summary>The newer process's side of replacement.proto.</summary>
public sealed class HandOverClient : IDisposable
{
    private readonly HandOverChannel _channel;

    private HandOverClient(Socket socket) => _channel = new(socket, HandOverServer.StepBound);

    /// <summary>Connects to the process that runs; null: none does.</summary>
    public static HandOverClient? TryConnect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>
    /// Accepts on the other process's listening sockets, beside it. When this returns the path of the API's socket may
    /// be had.
    /// </summary>
    /// <param name="control">Has no table yet.</param>
    /// <param name="connectionTimeout">How long connections of the other process may go on.</param>
    /// <exception cref="IOException">It failed; what was taken over may be in force. Whether the path can be had tells
    /// who is to go on.</exception>
    public void TakeOver(ProxyControl control, TimeSpan connectionTimeout)
    {
        var offer = _channel.Receive().Offer ?? throw new IOException("the other process offers nothing");
        var sources = Enumerable.Range(0, (int)offer.PersistenceMessages)
            .Select(_ => HandOverSources.Read(_channel.Receive())).ToList();
        var descriptors = _channel.ReceiveDescriptors((int)offer.Listeners.Sum(listener => listener.Sockets));
        var sockets = Share(offer.Listeners, descriptors);
        if (offer.Table is not null)
            control.TakeOver(offer.Table, sockets, sources);
        _channel.Send(new() { Accepting = new() { ConnectionTimeout = connectionTimeout.ToDuration() } });
        if (_channel.Receive().PathFree is null)
            throw new IOException("the other process does not let go of its socket");
    }

    /// <summary>
    /// Says that this process has the path. When this returns the other one accepts no more, and its counts are added.
    /// </summary>
    /// <exception cref="IOException">The other process is gone; nothing hangs on it.</exception>
    public void Finish(ProxyControl control)
    {
        _channel.Send(new() { Serving = new() });
        var retired = _channel.Receive().Retired ?? throw new IOException("the other process does not say its counts");
        control.Engine.AddAccepted(retired.Accepted.Select(
            count => new AcceptedCount(count.Vip, count.Pool, (long)count.Accepted)));
    }

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();

    private static List<ListeningSockets> Share(IEnumerable<HandOverListener> listeners, List<int> descriptors)
    {
        try
        {
            var left = new Queue<int>(descriptors);
            return
            [
                .. listeners.Select(listener => new ListeningSockets(
                    new(IPAddress.Parse(listener.Address), (int)listener.Port),
                    [.. Enumerable.Range(0, (int)listener.Sockets).Select(_ => left.Dequeue())])),
            ];
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            descriptors.ForEach(descriptor => Libc.CloseDescriptor(descriptor));
            throw new IOException($"the other process offers what cannot be read: {error.Message}", error);
        }
    }
}
