using System.Text.Json.Nodes;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A router that runs FRR.</summary>
/// <inheritdoc cref="LabNode"/>
internal sealed class FrrRouter(DeployedLab lab, string name) : LabNode(lab, name)
{
    /// <summary>Runs vtysh commands in one vtysh and returns what they print.</summary>
    public Task<string> Vtysh(params string[] commands) =>
        Run(["vtysh", .. commands.SelectMany(command => new[] { "-c", command })]);

    /// <summary>What a command prints when <c>json</c> is added to it.</summary>
    /// <param name="command">For example <c>show bgp summary</c>.</param>
    public async Task<JsonNode> VtyshJson(string command) => JsonNode.Parse(await Vtysh($"{command} json"))!;

    /// <summary>Enters configuration lines, starting at the top level.</summary>
    public Task Configure(params string[] lines) => Vtysh(["configure terminal", .. lines]);

    /// <summary>Ends <c>bgpd</c> with SIGKILL; watchfrr starts it again with the configuration of the file.</summary>
    public Task KillBgpd() => Run("pkill", "-KILL", "-x", "bgpd");

    /// <summary>A peer's session state as FRR names it, such as <c>Established</c>.</summary>
    /// <param name="peer">The peer's address.</param>
    public async Task<string> SessionState(string peer)
    {
        var answer = await TryRun("vtysh", "-c", $"show bgp neighbors {peer} json");
        // While bgpd is away there is no JSON.
        return answer.ExitCode == 0
            ? (string?)JsonNode.Parse(answer.Output)![peer]?["bgpState"] ?? "(no such peer)"
            : $"({answer})";
    }

    /// <summary>Waits until a peer's session is Established.</summary>
    public Task WaitEstablished(string peer, TimeSpan timeout) =>
        Poll.Until(
            () => SessionState(peer),
            state => state == "Established",
            timeout,
            $"{Name} is Established with {peer}");

    /// <summary>How many UPDATEs of a peer bgpd has seen since its start, End-of-RIB included.</summary>
    /// <remarks>FRR 8.4 shows a received End-of-RIB by itself only where graceful restart was negotiated.</remarks>
    public async Task<int> CountUpdates(string peer) =>
        (int)(await VtyshJson($"show bgp neighbors {peer}"))[peer]!["messageStats"]!["updatesRecv"]!;

    /// <summary>Waits until bgpd has seen so many UPDATEs of a peer since its start.</summary>
    public Task WaitUpdates(string peer, int count, TimeSpan timeout) => Poll.Until(
        () => CountUpdates(peer), seen => seen >= count, timeout, $"{Name} has seen {count} UPDATEs of {peer}");
}
