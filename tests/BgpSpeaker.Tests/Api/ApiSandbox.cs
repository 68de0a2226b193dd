using AnycastVip.BgpSpeaker.Api;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Tests.Runtime;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using PeerDelivery = AnycastVip.Proto.V1.PeerDelivery;

namespace AnycastVip.BgpSpeaker.Tests.Api;

/// <summary>A running speaker with its API on a Unix socket in a directory of its own, and clients of it.</summary>
internal sealed class ApiSandbox : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("api-");
    private readonly List<GrpcChannel> _channels = [];

    private ApiSandbox(PeerOptions[] peers)
    {
        Speaker = new TestSpeaker(peers);
        Server = new RpcServer(
            new RpcServerOptions { SocketPath = Path.Combine(_directory.FullName, "speaker.sock") },
            NullLoggerFactory.Instance);
        Server.Add(new SpeakerApi(Speaker.Speaker));
    }

    public TestSpeaker Speaker { get; }

    public RpcServer Server { get; }

    /// <summary>For calls that a test awaits: they give up instead of hanging.</summary>
    public static CallOptions Call => new(
        deadline: TimeProvider.System.GetUtcNow().Add(TestSpeaker.Bound).UtcDateTime,
        cancellationToken: TestContext.Current.CancellationToken);

    public static async Task<ApiSandbox> StartAsync(params PeerOptions[] peers)
    {
        var sandbox = new ApiSandbox(peers);
        await sandbox.Server.StartAsync(TestContext.Current.CancellationToken);
        return sandbox;
    }

    /// <summary>A client over a connection of its own.</summary>
    public SpeakerService.SpeakerServiceClient Client()
    {
        var channel = RpcChannel.ForUnixSocket(Path.Combine(_directory.FullName, "speaker.sock"));
        _channels.Add(channel);
        return new SpeakerService.SpeakerServiceClient(channel);
    }

    /// <summary>An Announce stream on which nothing was said yet.</summary>
    public TestLease Announce() => new(Client().Announce(Call));

    /// <summary>An Announce stream whose hello was accepted.</summary>
    public async Task<TestLease> OpenAsync(string clientId = "gate", ulong epoch = 1, Duration? ttl = null)
    {
        var lease = Announce();
        await lease.SendAsync(new AnnounceHello { ClientId = clientId, Epoch = epoch, LeaseTtl = ttl });
        await lease.WaitAsync(response => response.Accepted is not null);
        return lease;
    }

    public async Task<Peer> PeerAsync(string name) =>
        (await Client().ListPeersAsync(new ListPeersRequest { Name = name }, Call)).Peers.Single();

    public async Task<Route> RouteAsync(string prefix) =>
        (await Client().ListRoutesAsync(new ListRoutesRequest { Filter = prefix }, Call)).Routes.Single();

    /// <summary>Waits until a route is in this state.</summary>
    public Task<Route> WaitRouteAsync(string prefix, RouteState state) => Poll.Until(
        () => RouteAsync(prefix), route => route.State == state, TestSpeaker.Bound, $"{prefix} is {state}");

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        await Server.DisposeAsync();
        await Speaker.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}

/// <summary>The client's end of one Announce stream.</summary>
internal sealed class TestLease(AsyncDuplexStreamingCall<AnnounceRequest, AnnounceResponse> call) : IDisposable
{
    private ulong _revision;

    public Task SendAsync(AnnounceHello hello) => SendAsync(new AnnounceRequest { Hello = hello });

    public Task SendAsync(AnnounceRequest request) =>
        call.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);

    public Task HeartbeatAsync() => SendAsync(new AnnounceRequest { Heartbeat = new Heartbeat() });

    /// <summary>Declares one VIP, "web", with these prefixes, under the next revision.</summary>
    /// <returns>The revision.</returns>
    public async Task<ulong> DeclareAsync(VipIntent intent, params IEnumerable<string> prefixes)
    {
        var vip = new VipAnnouncement { Vip = "web", Intent = intent, Reason = "proven" };
        vip.Routes.Add(prefixes.Select(prefix => new RouteAnnouncement { Prefix = prefix }));
        await SendAsync(new AnnounceRequest { DesiredSet = new DesiredSet { Revision = ++_revision, Vips = { vip } } });
        return _revision;
    }

    /// <summary>Declares, and waits for the answer.</summary>
    public async Task<DesiredSetResult> AskAsync(VipIntent intent, params IEnumerable<string> prefixes)
    {
        var revision = await DeclareAsync(intent, prefixes);
        return (await WaitAsync(response => response.Result?.Revision == revision)).Result;
    }

    /// <summary>Waits until a revision is in this state at a peer.</summary>
    public async Task<PeerDelivery> WaitDeliveryAsync(ulong revision, string peer, DeliveryState state)
    {
        bool IsIt(PeerDelivery delivery) => delivery.Peer == peer && delivery.State == state;
        var response = await WaitAsync(
            response => response.Progress?.Revision == revision && response.Progress.Peers.Any(IsIt));
        return response.Progress.Peers.Single(IsIt);
    }

    /// <summary>The next response that is accepted; earlier ones are dropped.</summary>
    public async Task<AnnounceResponse> WaitAsync(Func<AnnounceResponse, bool> isAccepted)
    {
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
            if (isAccepted(call.ResponseStream.Current))
                return call.ResponseStream.Current;
        }
        throw new InvalidOperationException("the stream has ended before");
    }

    /// <summary>Waits until the server has ended the stream with OK.</summary>
    public async Task AssertEndsWellAsync()
    {
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken))
        {
        }
    }

    /// <summary>Says no more, without waiting for anything.</summary>
    public Task HalfCloseAsync() => call.RequestStream.CompleteAsync();

    /// <summary>Waits until the server has ended the stream, and asserts how.</summary>
    /// <returns>The detail for people.</returns>
    public async Task<string> AssertEndedAsync(StatusCode expected)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => WaitAsync(_ => false));
        Assert.True(expected == error.StatusCode, error.ToString());
        return error.Status.Detail;
    }

    public void Dispose() => call.Dispose();
}
