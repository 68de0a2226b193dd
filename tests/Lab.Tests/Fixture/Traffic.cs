using System.Globalization;
using System.Text.Json.Nodes;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>One request of <see cref="Traffic"/>.</summary>
/// <param name="Start">Before the connection was opened.</param>
/// <param name="End">When the answer was there, or the failure.</param>
/// <param name="IsOk">It was answered.</param>
/// <param name="By">Who answered.</param>
/// <param name="Error">Why it was not.</param>
internal sealed record Request(DateTimeOffset Start, DateTimeOffset End, bool IsOk, string By, string Error);

/// <summary>Clients that open connections through the router: <c>lab/traffic.py</c>.</summary>
internal sealed class Traffic : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly NodeProcess _process;

    private Traffic(NodeProcess process) => _process = process;

    /// <summary>Its output so far, one JSON object a line.</summary>
    public IReadOnlyList<string> Lines => _process.Output;

    /// <summary>So many new connections a second, one request each, until it is stopped.</summary>
    public static async Task<Traffic> LoadAsync(LabNode client, string address, int rate)
    {
        var traffic = await StartAsync(client, "load", address, rate);
        await Poll.Until(() => traffic.Lines.Count, count => count > 0, Timeout, "the first request has ended");
        return traffic;
    }

    /// <summary>So many connections that send and receive all the time, until it is stopped.</summary>
    public static Task<Traffic> HoldAsync(LabNode client, string address, int count) =>
        StartAsync(client, "hold", address, count);

    /// <summary>Stops it and returns what each request or connection came to.</summary>
    public async Task<IReadOnlyList<JsonNode>> StopAsync()
    {
        // Connections that are held end by themselves once nobody answers any more.
        if (!_process.HasExited)
            await _process.SignalAsync("TERM", TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return [.. Lines.Select(line => JsonNode.Parse(line)!)];
    }

    /// <summary>Stops the load and returns its requests.</summary>
    public async Task<IReadOnlyList<Request>> StopLoadAsync() => [.. (await StopAsync()).Select(line => new Request(
        At(line["start"]!), At(line["end"]!), (bool)line["ok"]!, (string)line["by"]!, (string)line["error"]!))];

    public void Dispose() => _process.Dispose();

    private static async Task<Traffic> StartAsync(LabNode client, string mode, string address, int number) =>
        new(await client.StartProcess(
            "python3", Path.Combine(AppContext.BaseDirectory, "traffic.py"), mode, address, "80",
            number.ToString(CultureInfo.InvariantCulture)));

    private static DateTimeOffset At(JsonNode seconds) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds((double)seconds);
}
