using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.Vipd.Tests.Processes;

/// <summary>SIGHUP to a real <c>vipd speaker</c> with a session to each of two routers.</summary>
public sealed class SpeakerReloadTests : IAsyncLifetime
{
    private const string NodeAddress = "127.13.0.9";
    private static readonly string[] RouterAddresses = ["127.13.0.1", "127.13.0.2"];

    private readonly TemporaryDirectory _directory = new();
    private readonly Speaker[] _routers = [.. RouterAddresses.Select(Router)];
    private VipdProcess? _speaker;

    private VipdProcess Speaker => _speaker!;

    public async ValueTask InitializeAsync()
    {
        foreach (var router in _routers)
            router.Start();
        _speaker = new VipdProcess("speaker", WriteConfiguration());
        await Speaker.Logged("peer tor1: OpenConfirm -> Established");
        await Speaker.Logged("peer tor2: OpenConfirm -> Established");
    }

    public async ValueTask DisposeAsync()
    {
        _speaker?.Dispose();
        foreach (var router in _routers)
            await router.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_broken_file_is_refused_with_line_and_column_and_changes_nothing()
    {
        var path = WriteConfiguration(first: "holdTime: 30s, holdTimee: 3s");
        var broken = await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        var line = Array.FindIndex(broken, text => text.Contains("holdTimee", StringComparison.Ordinal));
        var column = broken[line].IndexOf("holdTimee", StringComparison.Ordinal);

        Speaker.Send(SignalNumber.SIGHUP);
        await Speaker.Logged("reload refused; the running configuration stays");

        var place = string.Create(CultureInfo.InvariantCulture, $"{path}:{line + 1}:{column + 1}: error: ");
        Assert.Single(Speaker.Find(place));
        // The running configuration is still that of the start.
        WriteConfiguration();
        Speaker.Send(SignalNumber.SIGHUP);
        await Speaker.Logged("reload: nothing has changed");
        Assert.Empty(Speaker.Find("Established -> "));
        Speaker.Send(SignalNumber.SIGTERM);
        Assert.Equal(0, await Speaker.End());
    }

    [Fact]
    public async Task A_changed_peer_is_reset_and_the_other_one_keeps_its_session()
    {
        WriteConfiguration(first: "holdTime: 30s");

        Speaker.Send(SignalNumber.SIGHUP);

        await Speaker.Logged("reload: peer tor1: changed, its session is reset with Cease/6");
        await Speaker.Logged("peer tor1: OpenConfirm -> Established", times: 2);
        Assert.Empty(Speaker.Find("peer tor2: Established -> "));
        Assert.Single(Speaker.Find("reload: "));
    }

    [Fact]
    public async Task Each_change_is_one_line_and_what_needs_a_restart_says_so()
    {
        WriteConfiguration(
            first: null, second: "med: 5", routerId: "10.0.0.99", allowed: "203.0.113.51/32", directory: "/run/other");

        Speaker.Send(SignalNumber.SIGHUP);

        await Speaker.Logged("reload: API directory: changed, which needs a restart of the speaker");
        Assert.Single(Speaker.Find("reload: peer tor1: removed, its session ends with Cease/3"));
        Assert.Single(Speaker.Find("reload: peer tor2: changed in place"));
        Assert.Single(Speaker.Find("reload: allow-list: changed in place"));
        Assert.Single(Speaker.Find("warn ", "reload: router id: changed, which needs a restart of the speaker"));
        Assert.Equal(5, Speaker.Find("reload: ").Count());
        Assert.Empty(Speaker.Find("peer tor2: Established -> "));
    }

    /// <param name="first">Keys of the first peer; null: there is none.</param>
    /// <param name="second">Keys of the second peer.</param>
    /// <param name="routerId">The node's.</param>
    /// <param name="allowed">What may be announced.</param>
    /// <param name="directory">Of the sockets; null: the test's own.</param>
    private string WriteConfiguration(
        string? first = "holdTime: 9s", string second = "holdTime: 9s", string routerId = "10.0.0.1",
        string allowed = "203.0.113.50/32", string? directory = null)
    {
        var path = _directory.Write("node.yaml", "");
        return _directory.Write("node.yaml", string.Create(CultureInfo.InvariantCulture, $$"""
            version: 1
            node: {name: n1, asn: 65001, routerId: {{routerId}}}
            api: {directory: {{directory ?? Path.GetDirectoryName(path)}}}
            speaker: {listen: ["{{NodeAddress}}:1790"], allowedPrefixes: [{prefix: {{allowed}}}]}
            peerDefaults: {asn: 65100, retryMinimum: 100ms}
            peers:
              {{(first is null ? "" : Peer(0, first))}}
              {{Peer(1, second)}}

            """));
    }

    private string Peer(int index, string keys) => string.Create(CultureInfo.InvariantCulture,
        $"- {{name: tor{index + 1}, address: {RouterAddresses[index]}, port: {_routers[index].Endpoints[0].Port}, "
        + $"localAddress: {NodeAddress}, {keys}}}");

    private static Speaker Router(string address) => new(
        new SpeakerOptions
        {
            NodeName = "router",
            Asn = 65100,
            RouterId = 2,
            Listen = [new IPEndPoint(IPAddress.Parse(address), 0)],
            Peers =
            [
                new PeerOptions
                {
                    Name = "node",
                    Address = IPAddress.Parse(NodeAddress),
                    Session = new PeerSettings { LocalAs = 65100, PeerAs = 65001, BgpIdentifier = 2, Passive = true },
                },
            ],
        },
        BootClock.Instance,
        NullLoggerFactory.Instance);
}
