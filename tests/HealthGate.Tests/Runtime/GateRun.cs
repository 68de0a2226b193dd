using System.Net;
using System.Net.Sockets;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.HealthGate.Tests.Links;
using AnycastVip.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.HealthGate.Tests.Runtime;

/// <summary>
/// A gate with one VIP of one backend: a real check on a real backend, a real self-probe, real addresses in a network
/// namespace of their own, and obedient processes beside it. The VIP's address is one of the loopback network's, so
/// that it answers outside of the namespace too.
/// </summary>
internal sealed class GateRun : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("gate-");
    private readonly TcpListener _backend = new(IPAddress.Loopback, 0);
    // What the proxy would listen on.
    private readonly TcpListener _vip = new(Address, 0);
    private RpcServer? _proxyServer;
    private RpcServer? _speakerServer;
    private EventLog? _events;
    private int _before;

    public GateRun()
    {
        _backend.Start();
        _vip.Start();
    }

    public static IPAddress Address { get; } = IPAddress.Parse("127.0.77.50");

    public NetworkNamespace Node { get; } = NetworkNamespace.Create();

    public ObedientProxy Proxy { get; } = new();

    public ObedientSpeaker Speaker { get; } = new();

    public string State => _directory.FullName;

    public GateOptions Options
    {
        get
        {
            var check = new CheckOptions("up", new CheckKind.Tcp(), new()
            {
                Interval = TimeSpan.FromMilliseconds(500),
                FastInterval = TimeSpan.FromMilliseconds(20),
                Rise = 1,
            });
            return new()
            {
                NodeName = "edge",
                Pools =
                [
                    new()
                    {
                        Name = "web", Check = check, Backends = [new("s1", (IPEndPoint)_backend.LocalEndpoint)],
                    },
                ],
                Vips =
                [
                    new()
                    {
                        Settings = new()
                        {
                            Name = "web",
                            ReadvertiseDelay = TimeSpan.Zero,
                            Drain = new() { HoldBeforeWithdraw = TimeSpan.Zero, StrandedAfter = TimeSpan.Zero },
                        },
                        Addresses = [Address],
                        Listeners = [new(((IPEndPoint)_vip.LocalEndpoint).Port, "web")],
                        Prefixes = [$"{Address}/32"],
                        DrainRoute = new() { Communities = "graceful-shutdown" },
                    },
                ],
            };
        }
    }

    public bool HoldsAddress => Node.Ip("addr show lo").Contains($"{Address}", Ordinal);

    /// <summary>What the speaker was told since <see cref="StartAnnounced"/>, beginning with "Announce".</summary>
    public string Wanted => string.Join(", ", Speaker.Wanted.Skip(_before));

    // For the message of a test that fails.
    private string Story => string.Join(
        '\n', _events?.Read(new()).Events.Select(happened => $"{happened.Subject}: {happened.Text}") ?? []);

    /// <summary>Starts a gate with both processes beside it.</summary>
    public async Task<Gate> Start(GateOptions? options = null, TimeProvider? clock = null)
    {
        _proxyServer = await ScriptedServer.Start(Path.Combine(State, "proxy.sock"), Proxy.Service);
        _speakerServer = await ScriptedServer.Start(Path.Combine(State, "speaker.sock"), Speaker.Service);
        return await StartAlone(options ?? Options, clock ?? TimeProvider.System);
    }

    /// <summary>Starts a gate.</summary>
    public async Task<Gate> StartAlone(GateOptions options, TimeProvider clock)
    {
        var runtime = new GateRuntimeOptions
        {
            ProxySocket = Path.Combine(State, "proxy.sock"),
            SpeakerSocket = Path.Combine(State, "speaker.sock"),
            StateDirectory = State,
            Clock = clock,
        };
        var gate = await Gate.StartAsync(options, runtime, OpenKeeper(), NullLoggerFactory.Instance);
        _events = gate.Events;
        return gate;
    }

    public AddressKeeper OpenKeeper() => Node.Run(() => AddressKeeper.Open());

    /// <summary>Starts a gate with both processes beside it, and waits until it announces the VIP.</summary>
    public async Task<Gate> StartAnnounced(GateOptions? options = null, TimeProvider? clock = null)
    {
        var gate = await Start(options, clock);
        await Poll.Until(
            () => (Speaker.Wanted, Story), seen => seen.Wanted is [.., "Announce"], Patience, "the gate announces");
        _before = Speaker.Wanted.Count - 1;
        return gate;
    }

    /// <summary>What the speaker was told since <see cref="StartAnnounced"/> has come to this.</summary>
    public Task Wants(params string[] wanted) => Poll.Until(
        () => (Wanted, Story), seen => seen.Wanted == string.Join(", ", wanted.Prepend("Announce")), Patience,
        $"the gate wants {string.Join(", ", wanted)}");

    /// <summary>From now on the backend refuses.</summary>
    public void StopBackend() => _backend.Stop();

    public async ValueTask DisposeAsync()
    {
        if (_proxyServer is not null)
            await _proxyServer.DisposeAsync();
        if (_speakerServer is not null)
            await _speakerServer.DisposeAsync();
        await Proxy.DisposeAsync();
        await Speaker.DisposeAsync();
        _backend.Dispose();
        _vip.Dispose();
        Node.Dispose();
        _directory.Delete(recursive: true);
    }
}
