using System.Text.Json.Nodes;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>BFD of an FRR router with some of its neighbors, until it is disposed of.</summary>
internal sealed class RouterBfd : IAsyncDisposable
{
    private const string Profile = "test";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly FrrRouter _router;
    private readonly string[] _neighbors;
    private bool _runsFirst;

    private RouterBfd(FrrRouter router, string[] neighbors)
    {
        _router = router;
        _neighbors = neighbors;
    }

    /// <summary>Turns it on, with a detect multiplier of 3.</summary>
    /// <param name="router">The router, of AS 65100.</param>
    /// <param name="transmit">Its transmit interval in ms.</param>
    /// <param name="receive">Its receive interval in ms.</param>
    /// <param name="neighbors">By their addresses.</param>
    public static async Task<RouterBfd> StartAsync(
        FrrRouter router, int transmit, int receive, params string[] neighbors)
    {
        await router.Configure(
            "bfd", $"profile {Profile}", $"transmit-interval {transmit}", $"receive-interval {receive}",
            "detect-multiplier 3");
        await router.Configure(
            ["router bgp 65100", .. neighbors.Select(neighbor => $"neighbor {neighbor} bfd profile {Profile}")]);
        return new RouterBfd(router, neighbors);
    }

    /// <summary>
    /// Lets bfdd run before whatever else the machine has to do: a real router shares no processor with the node.
    /// </summary>
    public async Task RunFirstAsync()
    {
        await _router.Run("sh", "-c", "chrt --rr --pid 1 $(pidof bfdd)");
        _runsFirst = true;
    }

    /// <summary>The router's view of the session with a neighbor; null when it has none.</summary>
    public async Task<JsonNode?> SessionAsync(string neighbor) =>
        (await _router.VtyshJson("show bfd peers")).AsArray()
            .FirstOrDefault(session => (string?)session!["peer"] == neighbor);

    /// <summary>Waits until the router says that the session is up.</summary>
    public async Task<JsonNode> WaitUpAsync(string neighbor) =>
        (await Poll.Until(
            () => SessionAsync(neighbor),
            session => (string?)session?["status"] == "up",
            Timeout,
            $"BFD with {neighbor} is up at the router"))!;

    /// <summary>How often the session with a neighbor went down, as the router counts.</summary>
    public async Task<int> DownsAsync(string neighbor)
    {
        var counters = (await _router.VtyshJson("show bfd peers counters")).AsArray();
        return (int)counters.Single(session => (string?)session!["peer"] == neighbor)!["session-down"]!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_runsFirst)
            await _router.Run("sh", "-c", "chrt --other --pid 0 $(pidof bfdd)");
        await _router.Configure(
            ["router bgp 65100", .. _neighbors.Select(neighbor => $"no neighbor {neighbor} bfd")]);
        await _router.Configure("bfd", $"no profile {Profile}");
    }
}
