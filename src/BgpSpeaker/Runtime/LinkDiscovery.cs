using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using AnycastVip.BgpSpeaker.Discovery;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

/// <summary>
/// Finds one unnumbered peer: the shell of <see cref="DiscoveryFsm"/>. One task owns the state and the socket, and
/// looks after the interface once a second: it may vanish, and come back under another index.
/// </summary>
internal sealed partial class LinkDiscovery
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly string _peer;
    private readonly string _interface;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Action<IPAddress> _found;
    private DiscoveryState _state =
        DiscoveryFsm.Initial(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
    private RouterDiscoverySocket? _socket;
    private bool _owesSolicitation;
    private bool _owesAdvertisement;
    private string _obstacle;

    /// <param name="peer">The unnumbered peer.</param>
    /// <param name="clock">For timers.</param>
    /// <param name="log">For what an operator should know.</param>
    /// <param name="found">Called on the task of the discovery with the peer's address and its scope.</param>
    public LinkDiscovery(PeerOptions peer, TimeProvider clock, ILogger log, Action<IPAddress> found)
    {
        _peer = peer.Name;
        _interface = peer.Interface
            ?? throw new ArgumentException($"{peer.Name} is unnumbered without an interface.", nameof(peer));
        _clock = clock;
        _log = log;
        _found = found;
        _obstacle = NothingHeard;
    }

    /// <summary>Why the peer's address is not known, in one line.</summary>
    public string Obstacle => Volatile.Read(ref _obstacle);

    private string NothingHeard => $"no router advertisement was heard on {_interface} yet";

    /// <summary>Runs until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                Step(probe);
                await WaitAsync(stop);
            }
        }
        finally
        {
            _socket?.Dispose();
        }
    }

    private void Step(Socket probe)
    {
        try
        {
            FollowLink(InterfaceLink.RunningIndex(probe, _interface));
            Receive();
            Take(new DiscoveryTimersDue());
            SendOwed();
        }
        catch (Exception bug)
        {
            // A bug must not leave the peer lost for ever.
            LogBug(_log, bug, _peer);
            Close();
        }
    }

    private void FollowLink(int? index)
    {
        if (index != _state.Link)
        {
            Close();
            Take(index is { } up ? new LinkUp(up) : new LinkDown());
        }
        if (index is null)
            Volatile.Write(ref _obstacle, $"the interface {_interface} is down, or there is none of this name");
        else if (_socket is null)
            Open(index.Value);
    }

    private void Open(int index)
    {
        try
        {
            _socket = RouterDiscoverySocket.Open(_interface, index);
            Volatile.Write(ref _obstacle, NothingHeard);
        }
        catch (SocketException error)
        {
            var cause = error.SocketErrorCode == SocketError.AccessDenied
                ? "it takes CAP_NET_RAW"
                : SocketErrorText.For(error.SocketErrorCode);
            var obstacle = $"router advertisements on {_interface} cannot be heard: {cause}";
            if (obstacle != Obstacle)
                LogDeaf(_log, _peer, obstacle);
            Volatile.Write(ref _obstacle, obstacle);
        }
    }

    private void Close()
    {
        _socket?.Dispose();
        _socket = null;
        _owesSolicitation = false;
        _owesAdvertisement = false;
    }

    private void Receive()
    {
        try
        {
            while (_socket is { } socket && socket.TryReceive(out var source))
            {
                if (source is not null)
                    Take(new AdvertisementHeard(source));
            }
        }
        catch (SocketException)
        {
            // The interface went down: the next look says so, or opens the socket anew.
            Close();
        }
    }

    private void Take(DiscoveryEvent happened)
    {
        (_state, var actions) = DiscoveryFsm.Next(_state, happened, _clock.Now());
        foreach (var action in actions)
        {
            switch (action)
            {
                case SendSolicitation:
                    _owesSolicitation = true;
                    break;
                case SendAdvertisement:
                    _owesAdvertisement = true;
                    break;
                case NeighbourFound neighbour:
                    LogFound(_log, _peer, neighbour.Address, _interface);
                    _found(neighbour.Address);
                    break;
                case NeighbourRefused refused:
                    LogRefused(_log, _peer, refused.Address, _interface, refused.Kept);
                    break;
            }
        }
    }

    // Until the interface's link-local address is of use (duplicate address detection) nothing can be sent.
    private void SendOwed()
    {
        try
        {
            if (_owesSolicitation)
                _socket?.SendSolicitation();
            _owesSolicitation = false;
            if (_owesAdvertisement)
                _socket?.SendAdvertisement();
            _owesAdvertisement = false;
        }
        catch (SocketException)
        {
            // Still owed: tried again after the next wait.
        }
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        var wait = LookInterval;
        if (DiscoveryFsm.NextDeadline(_state) is { } due && due - _clock.Now() < wait)
            wait = due - _clock.Now();
        if (wait <= TimeSpan.Zero)
            return;
        using var timeout = new CancellationTokenSource(wait, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stop);
        try
        {
            if (_socket is { } socket)
                await socket.WhenReadableAsync(either.Token);
            else
                await Task.Delay(Timeout.InfiniteTimeSpan, _clock, either.Token);
        }
        catch (OperationCanceledException)
        {
            // Time to look again, or to stop.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "peer {Peer}: found at {Address} on {Interface}")]
    private static partial void LogFound(ILogger log, string peer, IPAddress address, string @interface);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "peer {Peer}: a second router, {Address}, is on {Interface}: refused, {Kept} stays the peer")]
    private static partial void LogRefused(
        ILogger log, string peer, IPAddress address, string @interface, IPAddress kept);

    [LoggerMessage(Level = LogLevel.Critical, Message = "peer {Peer}: a bug in its discovery; it starts anew")]
    private static partial void LogBug(ILogger log, Exception bug, string peer);

    [LoggerMessage(Level = LogLevel.Error, Message = "peer {Peer}: {Obstacle}")]
    private static partial void LogDeaf(ILogger log, string peer, string obstacle);
}
