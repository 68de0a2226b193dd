using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>SpeakerService as Debian's grpcio calls it: <c>lab/speaker_client.py</c>.</summary>
internal static class ForeignClient
{
    private const string Python = "/usr/bin/python3";

    /// <summary>One unary call that must succeed.</summary>
    public static async Task<JsonNode> CallAsync(RunningSpeaker speaker, string method, string request = "{}")
    {
        using var process = Start(speaker, "call", method, request);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{method}: {output}{error}");
        return JsonNode.Parse(output)!;
    }

    /// <summary>The one peer of a speaker that has one.</summary>
    public static async Task<JsonNode> PeerAsync(RunningSpeaker speaker, string name) =>
        (await CallAsync(speaker, "ListPeers", $$"""{"name": "{{name}}"}"""))["peers"]![0]!;

    /// <summary>Starts the client with its standard streams redirected.</summary>
    public static Process Start(RunningSpeaker speaker, params string[] arguments)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "speaker_client.py");
        var protos = Path.Combine(AppContext.BaseDirectory, "proto");
        return Process.Start(new ProcessStartInfo(Python, [script, speaker.SocketPath, protos, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}

/// <summary>A lease that a foreign client holds: an open Announce stream with heartbeats.</summary>
internal sealed class ForeignLease : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Channel<JsonNode> _responses = Channel.CreateUnbounded<JsonNode>();
    private int _revision;

    private ForeignLease(Process process)
    {
        _process = process;
        _ = PumpAsync();
    }

    /// <summary>Opens a lease and waits until it is granted.</summary>
    public static async Task<ForeignLease> OpenAsync(
        RunningSpeaker speaker, string clientId = "gate", ulong epoch = 1, string ttl = "5s")
    {
        var hello = $$"""{"clientId": "{{clientId}}", "epoch": "{{epoch}}", "leaseTtl": "{{ttl}}"}""";
        var lease = new ForeignLease(ForeignClient.Start(speaker, "announce", hello));
        await lease.WaitAsync(response => response["accepted"] is not null);
        return lease;
    }

    /// <summary>Declares a set and waits until every Established peer has acknowledged it.</summary>
    /// <param name="vips">A JSON list of VipAnnouncement.</param>
    /// <returns>The last progress.</returns>
    public async Task<JsonNode> DeclareAsync(string vips)
    {
        var revision = ++_revision;
        await SendAsync($$"""{"desiredSet": {"revision": "{{revision}}", "vips": {{vips}} } }""");
        return await WaitAsync(response =>
            (string?)response["progress"]?["revision"] == $"{revision}"
            && response["progress"]!["peers"]!.AsArray().All(
                peer => (string)peer!["state"]! is "DELIVERY_STATE_ACKNOWLEDGED" or "DELIVERY_STATE_NO_SESSION"));
    }

    /// <summary>Announces one VIP with these routes.</summary>
    /// <param name="routes">A JSON list of RouteAnnouncement.</param>
    public Task<JsonNode> AnnounceAsync(string routes) => DeclareAsync(
        $$"""[{"vip": "web", "intent": "VIP_INTENT_ANNOUNCE", "reason": "proven", "routes": {{routes}}}]""");

    /// <summary>Withdraws the VIP of <see cref="AnnounceAsync"/> at once.</summary>
    public Task<JsonNode> WithdrawAsync() => DeclareAsync(
        """[{"vip": "web", "intent": "VIP_INTENT_WITHDRAW", "reason": "no backend"}]""");

    /// <summary>Sends a line of the client's own language.</summary>
    public async Task SendAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line.ReplaceLineEndings(" "));
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Dies as a killed client dies.</summary>
    /// <returns>When it was gone.</returns>
    public async Task<DateTimeOffset> DieAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return TimeProvider.System.GetUtcNow();
    }

    /// <summary>The next response that is accepted; earlier ones are dropped.</summary>
    public async Task<JsonNode> WaitAsync(Func<JsonNode, bool> isAccepted)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Timeout);
        while (true)
        {
            var response = await _responses.Reader.ReadAsync(bound.Token);
            if (isAccepted(response))
                return response;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private async Task PumpAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
            _responses.Writer.TryWrite(JsonNode.Parse(line)!);
        var error = await _process.StandardError.ReadToEndAsync();
        _responses.Writer.TryComplete(new InvalidOperationException($"the client ended: {error}"));
    }
}
