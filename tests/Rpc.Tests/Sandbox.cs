using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Rpc.Tests;

/// <summary>A directory of its own for one test, with a server of the echo service where the test wants one.</summary>
internal sealed class Sandbox : IAsyncDisposable
{
    /// <summary>No step of a test takes this long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("rpc-");
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly List<GrpcChannel> _channels = [];

    /// <summary>For the calls that a test awaits: they give up instead of hanging.</summary>
    public static CallOptions Call => new(
        deadline: TimeProvider.System.GetUtcNow().Add(Patience).UtcDateTime,
        cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>The socket's path.</summary>
    public string Socket => Path.Combine(_directory.FullName, "echo.sock");

    /// <summary>What the servers of this sandbox logged.</summary>
    public CapturingLogger Log { get; } = new();

    /// <summary>Starts a server of <paramref name="service"/> on <see cref="Socket"/>.</summary>
    public async Task<RpcServer> Serve(EchoService service, Func<RpcServerOptions, RpcServerOptions>? change = null)
    {
        var options = new RpcServerOptions { SocketPath = Socket };
        var server = new RpcServer(change?.Invoke(options) ?? options, Log).Add(service);
        _parts.Add(server);
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>A client of the echo service on <see cref="Socket"/>, over a channel of its own.</summary>
    public Echo.EchoClient Client(RpcChannelOptions? options = null)
    {
        var channel = RpcChannel.ForUnixSocket(Socket, options);
        _channels.Add(channel);
        return new Echo.EchoClient(channel);
    }

    /// <summary>Says one text over a channel of its own.</summary>
    public async Task<string> Say(string text, RpcChannelOptions? options = null)
    {
        var answer = await Client(options).SayAsync(new StringValue { Value = text }, Call);
        return answer.Value;
    }

    /// <summary>Disposes of <paramref name="part"/> together with the sandbox, last come first gone.</summary>
    public T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class CapturingLogger : ILoggerFactory, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];

    /// <summary>One line per entry: level, text, exception.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
            _lines.Add($"{logLevel}: {formatter(state, exception)} {exception?.Message}".TrimEnd());
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
