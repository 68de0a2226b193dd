using System.Net.Sockets;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Api;
using AnycastVip.Rpc;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Proxy.Replacement;

/// <summary>
/// The older process's side of replacement.proto. Whoever holds the path of the API's socket is the node's proxy: what
/// fails before the other process has it leaves all as it was.
/// </summary>
public sealed partial class HandOverServer : IDisposable
{
    /// <summary>How long each step of the other process may take: tables of the gate wait meanwhile.</summary>
    internal static readonly TimeSpan StepBound = TimeSpan.FromSeconds(10);

    private readonly ProxyControl _control;
    private readonly ApiSockets _sockets;
    private readonly ILogger _log;
    private readonly Socket _listener;

    /// <summary>Listens; an older process that did so on this path is no longer asked.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    public HandOverServer(string path, ProxyControl control, ApiSockets sockets, ILogger log)
    {
        (_control, _sockets, _log) = (control, sockets, log);
        try
        {
            // Who connects gets the listening sockets: nobody but this user may.
            _listener = UnixSocketFile.Listen(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (SocketException error)
        {
            throw new IOException($"{path}: cannot listen ({error.Message})", error);
        }
    }

    /// <summary>Waits until another process has taken over: from then on this one accepts no more.</summary>
    /// <returns>How long connections may go on.</returns>
    public async Task<TimeSpan> ServeAsync(CancellationToken cancel)
    {
        while (true)
        {
            var socket = await _listener.AcceptAsync(cancel);
            // Not broken off by the stop: its steps are bounded.
            if (await Task.Run(() => HandOverAsync(socket), CancellationToken.None) is { } connectionTimeout)
                return connectionTimeout;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    // Null: it failed, and this process goes on.
    private async Task<TimeSpan?> HandOverAsync(Socket socket)
    {
        using var channel = new HandOverChannel(socket, StepBound);
        var connectionTimeout = TimeSpan.Zero;
        var isPathFree = false;
        try
        {
            Offer(channel);
            connectionTimeout = channel.Receive().Accepting?.ConnectionTimeout?.ToTimeSpan()
                ?? throw new IOException("the other process does not say that it accepts");
            isPathFree = true;
            _sockets.GiveUpPath();
            channel.Send(new() { PathFree = new() });
            if (channel.Receive().Serving is null)
                throw new IOException("the other process does not say that it serves");
        }
        catch (Exception error) when (error is IOException or InvalidOperationException)
        {
            if (!isPathFree || await _sockets.TryTakePathBackAsync())
            {
                LogFailed(error.Message);
                _control.AbandonHandOver();
                return null;
            }
        }
        await RetireAsync(channel, connectionTimeout);
        return connectionTimeout;
    }

    private void Offer(HandOverChannel channel)
    {
        var (table, sockets) = _control.BeginHandOver();
        var persistence = HandOverSources.ToMessages(_control.Engine.ExportSources()).ToList();
        channel.Send(new()
        {
            Offer = new()
            {
                Table = table,
                PersistenceMessages = (uint)persistence.Count,
                Listeners =
                {
                    sockets.Select(listening => new HandOverListener
                    {
                        Address = listening.Endpoint.Address.ToString(),
                        Port = (uint)listening.Endpoint.Port,
                        Sockets = (uint)listening.Descriptors.Length,
                    }),
                },
            },
        });
        persistence.ForEach(channel.Send);
        channel.SendDescriptors(sockets.SelectMany(listening => listening.Descriptors));
    }

    private async Task RetireAsync(HandOverChannel channel, TimeSpan connectionTimeout)
    {
        try
        {
            _control.Retire(connectionTimeout);
        }
        catch (TimeoutException error)
        {
            // That loop goes on accepting beside the other process: no client is harmed.
            LogHangs(error.Message);
        }
        await _sockets.AnswerAsReplacedAsync();
        try
        {
            channel.Send(new()
            {
                Retired = new()
                {
                    Accepted =
                    {
                        _control.Engine.ListAccepted().Select(count => new HandOverAccepted
                        {
                            Vip = count.Vip, Pool = count.Pool, Accepted = (ulong)count.Accepted,
                        }),
                    },
                },
            });
            channel.AwaitEnd();
        }
        catch (IOException error)
        {
            LogNotCounted(error.Message);
        }
        await _control.SayFarewellAsync();
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "another process did not take over, this one goes on as before: {Error}")]
    private partial void LogFailed(string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "not all listening sockets are closed: {Error}")]
    private partial void LogHangs(string error);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "what was accepted so far is not told to the other process: {Error}")]
    private partial void LogNotCounted(string error);
}
