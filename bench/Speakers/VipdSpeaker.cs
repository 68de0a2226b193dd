using AnycastVip.Netlab.Deployment;
using AnycastVip.Proto.V1;
using AnycastVip.Rpc;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace AnycastVip.Bench.Speakers;

/// <summary>
/// Our speaker, ordered as the gate does it: a lease, and the whole set of VIPs in each order.
/// </summary>
internal sealed class VipdSpeaker : ISpeaker
{
    private const string Node = "vipd";
    private const int PrefixesPerVip = 10;
    private static readonly Duration Ttl = new() { Seconds = 60 };
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly SpeakerDirectory _directory;
    private readonly NodeProcess _process;
    private readonly GrpcChannel _channel;
    private readonly SpeakerService.SpeakerServiceClient _client;
    private readonly AsyncDuplexStreamingCall<AnnounceRequest, AnnounceResponse> _stream;
    private readonly DesiredSet _full = new();
    private readonly DesiredSet _empty = new();
    private ulong _revision;

    private VipdSpeaker(SpeakerDirectory directory, NodeProcess process, int prefixes)
    {
        _directory = directory;
        _process = process;
        foreach (var (number, routes) in BenchPrefixes.Texts(prefixes).Chunk(PrefixesPerVip).Index())
        {
            _full.Vips.Add(Announced($"vip{number}", routes));
            _empty.Vips.Add(Withdrawn($"vip{number}"));
        }
        _channel = RpcChannel.ForUnixSocket(directory.File("speaker.sock"));
        _client = new SpeakerService.SpeakerServiceClient(_channel);
        _stream = _client.Announce(cancellationToken: _stop.Token);
        _ = ReadAsync();
        _ = BeatAsync();
    }

    public string Name => $"vipd {typeof(VipdSpeaker).Assembly.GetName().Version!.ToString(3)}";

    public string Address => "10.0.1.2";

    public string RouterInterface => "eth1";

    public int Pid => _process.Pid;

    public static async Task<VipdSpeaker> StartAsync(Lab lab, int prefixes, string peerKeys)
    {
        var keys = new[] { "name: router1", "address: 10.0.1.1", "asn: 65100", "holdTime: 90s", peerKeys }
            .Where(key => key.Length > 0);
        var directory = new SpeakerDirectory();
        var file = directory.Write(
            "node.yaml",
            $$"""
            version: 1
            node: {name: bench, asn: 65001, routerId: 10.0.1.2}
            peers:
              - {{{string.Join(", ", keys)}}}
            speaker:
              allowedPrefixes:
                - {prefix: {{BenchPrefixes.Block}}, ge: 32}
                - {prefix: {{BenchPrefixes.Single}}}
            api: {directory: {{directory.Path}}}
            """);
        var process = await lab.StartAsync(Node, [Bench.Node.VipdNode.Program, "speaker", "--config", file]);
        await directory.WaitForAsync("speaker.sock", process);
        return new VipdSpeaker(directory, process, prefixes);
    }

    public Task AnnounceAllAsync() => DeclareAsync(_full);

    public Task WithdrawAllAsync() => DeclareAsync(_empty);

    public Task AnnounceSingleAsync() =>
        DeclareAsync(new() { Vips = { Announced("single", [BenchPrefixes.Single]) } });

    public Task WithdrawSingleAsync() => DeclareAsync(new() { Vips = { Withdrawn("single") } });

    /// <summary>Its BFD session with the router.</summary>
    public async Task<BfdSession> BfdAsync() =>
        (await _client.ListPeersAsync(new ListPeersRequest(), cancellationToken: _stop.Token)).Peers.Single().Bfd;

    public void Dispose()
    {
        _stop.Cancel();
        _stream.Dispose();
        _channel.Dispose();
        _process.Dispose();
        _directory.Dispose();
    }

    private static VipAnnouncement Announced(string vip, IEnumerable<string> prefixes)
    {
        var announcement = new VipAnnouncement
        {
            Vip = vip, Intent = VipIntent.Announce, Reason = "2 of 2 backends up",
        };
        announcement.Routes.Add(prefixes.Select(prefix => new RouteAnnouncement { Prefix = prefix }));
        return announcement;
    }

    private static VipAnnouncement Withdrawn(string vip) =>
        new() { Vip = vip, Intent = VipIntent.Withdraw, Reason = "0 of 2 backends up" };

    private Task DeclareAsync(DesiredSet set)
    {
        set.Revision = ++_revision;
        return SendAsync(new AnnounceRequest { DesiredSet = set });
    }

    // gRPC allows one write at a time.
    private async Task SendAsync(AnnounceRequest request)
    {
        await _turn.WaitAsync(_stop.Token);
        try
        {
            await _stream.RequestStream.WriteAsync(request, _stop.Token);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task BeatAsync()
    {
        await SendAsync(new AnnounceRequest
        {
            Hello = new AnnounceHello { ClientId = "bench", Epoch = 1, LeaseTtl = Ttl },
        });
        while (true)
        {
            await Task.Delay(HeartbeatInterval, _stop.Token);
            await SendAsync(new AnnounceRequest { Heartbeat = new Heartbeat() });
        }
    }

    private async Task ReadAsync()
    {
        await foreach (var response in _stream.ResponseStream.ReadAllAsync(_stop.Token))
        {
            if (response.Result is { Refused.Count: > 0 } result)
                await Console.Error.WriteLineAsync($"{Name} refuses: {result.Refused[0].Text}");
        }
    }
}
