using System.Net.Sockets;
using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Replacement;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.Proxy.Tests.Replacement;

/// <summary>What a proxy process is made of; several in one process share a directory as processes do.</summary>
internal sealed class ReplaceableProxy : IAsyncDisposable
{
    private readonly string _directory;
    private readonly ReplacedProxies _replaced;
    private readonly CancellationTokenSource _stop = new();
    private HandOverServer? _handOver;

    public ReplaceableProxy(string directory, int loops = 2)
    {
        _directory = directory;
        Rig = new(loops);
        _replaced = new(directory, TimeProvider.System);
        Control = new(Rig.Engine, TimeProvider.System) { Replaced = _replaced };
        Sockets = new(directory, new(Control, "node-1"), NullLoggerFactory.Instance);
    }

    public static TimeSpan ConnectionTimeout => TimeSpan.FromMinutes(7);

    public Rig Rig { get; }

    public ProxyControl Control { get; }

    public ApiSockets Sockets { get; }

    /// <summary>Ends when another one has taken over.</summary>
    public Task<TimeSpan> Served { get; private set; } = Task.FromResult(TimeSpan.Zero);

    private string HandOverPath => Path.Combine(_directory, "proxy.handover");

    /// <summary>Starts alone.</summary>
    public async Task StartAsync()
    {
        await Sockets.StartAsync();
        Serve();
    }

    /// <summary>Connects to the one that runs.</summary>
    public HandOverClient Predecessor() => Assert.IsType<HandOverClient>(HandOverClient.TryConnect(HandOverPath));

    /// <summary>Connects to the one that runs, to say what the test says.</summary>
    public static HandOverChannel Channel(string directory)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(directory, "proxy.handover")));
        return new(socket, Rig.Patience);
    }

    /// <summary>Takes over from the one that runs.</summary>
    public async Task ReplaceAsync()
    {
        using var predecessor = Predecessor();
        await Task.Run(() => predecessor.TakeOver(Control, ConnectionTimeout), Rig.Cancellation);
        await Sockets.StartAsync();
        await Task.Run(() => predecessor.Finish(Control), Rig.Cancellation);
        Serve();
    }

    public void Serve()
    {
        _handOver = new(HandOverPath, Control, Sockets, NullLogger.Instance);
        Served = _handOver.ServeAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Served).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _handOver?.Dispose();
        await Sockets.DisposeAsync();
        await Control.DisposeAsync();
        _replaced.Dispose();
        Rig.Dispose();
        _stop.Dispose();
    }
}
