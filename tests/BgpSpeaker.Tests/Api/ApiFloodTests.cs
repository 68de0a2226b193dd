using System.Diagnostics;
using AnycastVip.BgpSpeaker.Tests.Runtime;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.BgpSpeaker.Tests.Api;

/// <summary>
/// Clients of the API that ask for more than the node can do, or read nothing of what they asked for. Runs alone: it
/// takes all of the machine.
/// </summary>
[Collection(nameof(LoadsTheMachine))]
public sealed class ApiFloodTests
{
    private const string Address = "127.21.0.1";
    private const int Clients = 8;
    private const int CallsPerClient = 40;
    private const int Prefixes = 10_000;

    // Longer than the hold time, so that one KEEPALIVE too few ends the session.
    private static readonly TimeSpan Flood = TimeSpan.FromSeconds(AlivePeer.HoldTimeSeconds + 1);
    private static readonly Duration LeaseTtl = new() { Seconds = 60 };

    [Fact]
    public async Task Fault_22_clients_that_flood_with_calls_delay_no_keepalive()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        await using var peer = await AlivePeer.EstablishAsync(sandbox.Speaker, Address);
        using var lease = await sandbox.OpenAsync(ttl: LeaseTtl);
        await lease.AskAsync(VipIntent.Announce, TestSpeaker.Prefixes(Prefixes));
        using var end = new CancellationTokenSource(Flood);

        var clients = Enumerable.Range(0, Clients).Select(_ => sandbox.Client());
        await Task.WhenAll(clients.SelectMany(client => Enumerable.Range(0, CallsPerClient).Select(
            _ => ListAgainAndAgainAsync(client, end.Token))));

        peer.AssertNeverMissed();
        Assert.Equal(Prefixes, peer.Held);
    }

    [Fact]
    public async Task Fault_22_clients_that_declare_without_a_pause_delay_no_keepalive()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        await using var peer = await AlivePeer.EstablishAsync(sandbox.Speaker, Address);
        var since = Stopwatch.GetTimestamp();

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            using var lease = await sandbox.OpenAsync($"client{number}", ttl: LeaseTtl);
            for (var round = 0; Stopwatch.GetElapsedTime(since) < Flood; round++)
                await lease.AskAsync(VipIntent.Announce, TestSpeaker.Prefixes(Prefixes - (round % 2)));
        }));

        peer.AssertNeverMissed();
    }

    [Fact]
    public async Task Fault_22_watchers_that_read_nothing_hold_up_neither_peers_nor_clients()
    {
        await using var sandbox = await ApiSandbox.StartAsync(TestSpeaker.Passive(Address));
        await using var peer = await AlivePeer.EstablishAsync(sandbox.Speaker, Address);
        var deaf = sandbox.Client();
        var watches = Enumerable.Range(0, CallsPerClient)
            .Select(_ => deaf.WatchRoutes(new ListRoutesRequest(), ApiSandbox.Call)).ToArray();
        using var lease = await sandbox.OpenAsync(ttl: LeaseTtl);

        var since = Stopwatch.GetTimestamp();
        for (var round = 0; Stopwatch.GetElapsedTime(since) < Flood; round++)
        {
            await lease.AskAsync(VipIntent.Announce, TestSpeaker.Prefixes(Prefixes - (round % 2)));
            Assert.Equal(RouteState.Announced, (await sandbox.RouteAsync(TestSpeaker.Prefixes(1).Single())).State);
        }

        peer.AssertNeverMissed();
        Assert.All(watches, watch => watch.Dispose());
    }

    private static async Task ListAgainAndAgainAsync(
        SpeakerService.SpeakerServiceClient client, CancellationToken end)
    {
        try
        {
            while (true)
                await client.ListRoutesAsync(new ListRoutesRequest(), cancellationToken: end);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.Cancelled)
        {
            // The flood is over.
        }
    }
}
