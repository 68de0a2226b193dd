using System.Net;
using System.Net.Sockets;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Runtime;

// Dials, sockets, and what the kernel says about delivered octets.
internal sealed partial class PeerRunner
{
    private void StartDial(ConnectionId id)
    {
        var cancel = new CancellationTokenSource();
        _dials[id] = cancel;
        if (_dialer.CurrentAddress is { } address)
            _ = DialAsync(id, address, cancel.Token);
        else
            Post(new DialImpossible(id, _discovery!.Obstacle));
    }

    private async Task DialAsync(ConnectionId id, IPAddress address, CancellationToken cancel)
    {
        try
        {
            Post(new DialDone(id, await _dialer.DialAsync(address, cancel), SocketError.Success));
        }
        catch (OperationCanceledException)
        {
            Post(new DialDone(id, null, SocketError.OperationAborted));
        }
        catch (SocketException error)
        {
            Post(new DialDone(id, null, error.SocketErrorCode));
        }
    }

    private void FinishDial(DialDone dial)
    {
        var wanted = _dials.Remove(dial.Connection, out var cancel);
        cancel?.Dispose();
        if (!wanted)
        {
            dial.Socket?.Dispose();
            return;
        }
        if (dial.Socket is { } socket && TryOpen(socket, _ => dial.Connection) is { } open)
            _engine.Connected(dial.Connection, open.Local, _clock.Now());
        else
            _engine.Handle(Failure(dial.Connection, dial.Error), _clock.Now());
        CarryOut();
    }

    private void Fail(DialImpossible dial)
    {
        if (!_dials.Remove(dial.Connection, out var cancel))
            return;
        cancel.Dispose();
        _engine.Handle(new TcpConnectionFails(dial.Connection, dial.Reason), _clock.Now());
    }

    private void TakeAccepted(Socket socket) =>
        TryOpen(socket, local => _engine.Accepted(local, _clock.Now()));

    // The peer may have reset the connection before we look at it: then there is nothing to open.
    private PeerSocket? TryOpen(Socket socket, Func<LocalEnd, ConnectionId> identify)
    {
        try
        {
            _dialer.SetTtl(socket);
            var local = PeerDialer.DescribeLocalEnd(socket);
            var open = new PeerSocket(identify(local), socket, local);
            _sockets[open.Id] = open;
            _ = WatchAsync(open);
            return open;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private async Task WatchAsync(PeerSocket socket)
    {
        await socket.WhenReadableAsync();
        Post(new Readable(socket));
    }

    private void ReadAndArm(PeerSocket socket)
    {
        if (!Read(socket))
            return;
        CarryOut();
        if (_sockets.ContainsValue(socket) && !socket.Closing)
            _ = WatchAsync(socket);
    }

    /// <summary>Empties the socket into the engine, within a bound; false when the connection is gone.</summary>
    private bool Read(PeerSocket socket)
    {
        for (var turn = 0; turn < ReadsPerTurn && !socket.Closing && _sockets.ContainsKey(socket.Id); turn++)
        {
            var count = socket.Read(_readBuffer, out var error);
            if (error == SocketError.WouldBlock)
                return true;
            if (error != SocketError.Success || count == 0)
            {
                Fail(socket, error);
                return false;
            }
            _engine.Received(socket.Id, _readBuffer.AsSpan(0, count), _clock.Now());
            CarryOut();
        }
        return _sockets.ContainsKey(socket.Id);
    }

    private void Write(PeerSocket socket)
    {
        while (!socket.WriteInFlight && _sockets.ContainsKey(socket.Id))
        {
            TakeNewestDesired();
            var count = _engine.TakeOutput(socket.Id, socket.WriteBuffer, _clock.Now());
            if (count == 0)
            {
                if (socket.Closing)
                    Finish(socket);
                return;
            }
            socket.WriteInFlight = true;
            var write = socket.WriteAsync(count);
            if (write.IsCompletedSuccessfully)
                CountWritten(socket, count, write.Result);
            else
                _ = AwaitWriteAsync(socket, count, write);
        }
    }

    private async Task AwaitWriteAsync(PeerSocket socket, int count, ValueTask<SocketError> write) =>
        Post(new WriteDone(socket, count, await write));

    private void FinishWrite(PeerSocket socket, int count, SocketError error)
    {
        CountWritten(socket, count, error);
        Write(socket);
    }

    private void CountWritten(PeerSocket socket, int count, SocketError error)
    {
        socket.WriteInFlight = false;
        if (!_sockets.ContainsKey(socket.Id))
            return;
        if (error != SocketError.Success)
        {
            // The peer's last word may lie in the socket: a NOTIFICATION says more than a broken pipe.
            if (Read(socket))
                Fail(socket, error);
            return;
        }
        socket.WrittenOctets += count;
        _engine.Written(socket.Id, socket.WrittenOctets, _clock.Now());
        _acknowledgementPoll = AcknowledgementPoll;
        _nextAcknowledgementPoll = _clock.Now();
    }

    private void Fail(PeerSocket socket, SocketError error)
    {
        _sockets.Remove(socket.Id);
        socket.Dispose();
        _engine.Handle(Failure(socket.Id, error), _clock.Now());
        CarryOut();
    }

    private static TcpConnectionFails Failure(ConnectionId id, SocketError error) =>
        new(id, SocketErrorText.For(error), SocketErrorText.FailureOf(error));

    private void Close(CloseConnection close)
    {
        if (_dials.Remove(close.Connection, out var dial))
        {
            dial.Cancel();
            dial.Dispose();
        }
        if (!_sockets.TryGetValue(close.Connection, out var socket))
            return;
        if (close.Flush)
        {
            socket.Closing = true;
            Write(socket);
            if (socket.WriteInFlight)
                _ = AbortLateAsync(socket);
            return;
        }
        Forget(socket);
        socket.Abort();
    }

    // A peer whose window is closed never takes the last octets.
    private async Task AbortLateAsync(PeerSocket socket)
    {
        await Task.Delay(PeerSocket.LingerBound, _clock);
        Post(new FlushOverdue(socket));
    }

    private void Finish(PeerSocket socket)
    {
        Forget(socket);
        _ = socket.CloseGracefullyAsync(_clock);
    }

    private void Forget(PeerSocket socket)
    {
        _sockets.Remove(socket.Id);
        _engine.Closed(socket.Id);
        _changed.Pulse();
    }

    private void PollAcknowledgements()
    {
        if (_nextAcknowledgementPoll is not { } due || due > _clock.Now())
            return;
        _nextAcknowledgementPoll = null;
        if (_engine.Established is not { } id || !_sockets.TryGetValue(id, out var socket))
            return;
        _engine.Acknowledged(id, socket.AcknowledgedOctets);
        if (!_engine.AwaitsAcknowledgement)
            return;
        _nextAcknowledgementPoll = _clock.Now() + _acknowledgementPoll;
        _acknowledgementPoll = Min(_acknowledgementPoll * 2, AcknowledgementPollMaximum);
    }

    private void PublishDelivery()
    {
        var now = _clock.Now();
        var delivery = _delivery.Advance(_engine.Established, _engine.WrittenVersion, _engine.AcknowledgedVersion, now);
        if (delivery == _delivery)
            return;
        Volatile.Write(ref _delivery, delivery);
        _changed.Pulse();
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
