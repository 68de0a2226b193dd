using System.Diagnostics.CodeAnalysis;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AnycastVip.Rpc;

/// <summary>
/// A gRPC server on one Unix socket: HTTP/2 only, bounded per client, with grpc.health.v1. It installs no signal
/// handlers, reads no environment and logs warnings and worse only. One start, one stop.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    // What MapGrpcService looks for in a service's type.
    private const DynamicallyAccessedMemberTypes ServiceMembers =
        DynamicallyAccessedMemberTypes.PublicConstructors |
        DynamicallyAccessedMemberTypes.PublicMethods |
        DynamicallyAccessedMemberTypes.NonPublicMethods;

    private readonly RpcServerOptions _options;
    private readonly WebApplicationBuilder _builder;
    private readonly List<Action<WebApplication>> _maps = [];
    private readonly HealthServiceImpl _health = new();
    // Never disposed: it has no timer, and a second stop still asks it.
    private readonly CancellationTokenSource _stopping = new();
    private SocketClaim? _claim;
    private WebApplication? _app;

    /// <summary>Prepares a server; nothing is touched before <see cref="StartAsync"/>.</summary>
    public RpcServer(RpcServerOptions options, ILoggerFactory loggers)
    {
        _options = options;
        _builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _builder.Logging.AddProvider(new ForwardingLoggerProvider(loggers)).SetMinimumLevel(LogLevel.Warning);
        _builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        _builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = options.StopTimeout);
        _builder.Services.AddRouting();
        _builder.Services.AddGrpc(o =>
        {
            o.MaxReceiveMessageSize = options.MaxMessageSize;
            o.MaxSendMessageSize = options.MaxMessageSize;
            o.Interceptors.Add<FaultInterceptor>();
        });
        _builder.WebHost.UseKestrelCore()
            .UseSockets(o =>
            {
                o.CreateBoundListenSocket = _ => UnixSocketFile.Listen(options.SocketPath, options.SocketMode);
                // What an idle daemon costs is mostly the waking of threads. Calls still run on threads of their own:
                // only what reads and writes the frames of a connection does no further hop.
                o.UnsafePreferInlineScheduling = true;
            })
            .ConfigureKestrel(ConfigureKestrel);
        Add(_health);
        SetServing("", true);
    }

    /// <summary>Serves one gRPC service: an instance of a class derived from its generated base.</summary>
    public RpcServer Add<[DynamicallyAccessedMembers(ServiceMembers)] TService>(TService service)
        where TService : class
    {
        _builder.Services.AddSingleton(service);
        _maps.Add(app => app.MapGrpcService<TService>());
        return this;
    }

    /// <summary>
    /// What grpc.health.v1 answers for a service (its full name, e.g. "anycastvip.v1.SpeakerService"; "" stands for
    /// the whole server, which serves from the start). Services that were never set are NOT_FOUND.
    /// </summary>
    public void SetServing(string service, bool serving) => _health.SetStatus(service,
        serving ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing);

    /// <summary>Takes the socket's path and listens; a server that gave it up is replaced.</summary>
    /// <exception cref="SocketClaimException">The path is unusable or belongs to a live server.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        _claim = SocketClaim.Take(_options.SocketPath);
        _app = _builder.Build();
        _app.UseRouting();
        _app.Use(next => context =>
        {
            StreamStop.Apply(context, _stopping.Token);
            return next(context);
        });
        foreach (var map in _maps)
            map(_app);
        await _app.StartAsync(cancellation);
    }

    /// <summary>
    /// Lets another server take the path, which by that replaces this one for new connections. This one serves on, and
    /// no longer touches the path. Once started only.
    /// </summary>
    public void GiveUpPath() => _claim?.GiveUp();

    /// <summary>
    /// Stops: no new connection or call (GOAWAY), every streaming call's token fires, unary calls may finish; after
    /// <see cref="RpcServerOptions.StopTimeout"/> what is left is cut off. The socket file is removed.
    /// </summary>
    public async Task StopAsync()
    {
        if (_app is null || _stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync();
        _claim?.RemoveSocket();
        await _app.StopAsync(CancellationToken.None);
    }

    /// <summary>Stops the server if it runs and gives the path up.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_app is not null)
            await _app.DisposeAsync();
        _claim?.Dispose();
    }

    private void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.ListenUnixSocket(_options.SocketPath, listen => listen.Protocols = HttpProtocols.Http2);
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = _options.MaxConnections;
        limits.MaxResponseBufferSize = _options.MaxResponseBufferSize;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.Http2.MaxRequestHeaderFieldSize = 8 * 1024;
        limits.Http2.MaxStreamsPerConnection = _options.MaxStreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = _options.KeepAlivePingDelay;
        limits.Http2.KeepAlivePingTimeout = _options.KeepAlivePingTimeout;
        // A watcher held up in a pager is slow, not hostile: it is bounded by its windows, and a dead one by the PING.
        limits.MinResponseDataRate = null;
        limits.MinRequestBodyDataRate = null;
    }

    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class ForwardingLoggerProvider(ILoggerFactory loggers) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => loggers.CreateLogger(categoryName);

        public void Dispose()
        {
            // The factory is the caller's.
        }
    }
}
