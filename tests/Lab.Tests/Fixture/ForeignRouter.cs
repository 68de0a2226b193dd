using System.Text.Json;
using System.Text.Json.Nodes;
using AnycastVip.Netlab.Deployment;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A BGP daemon other than FRR in a node of a lab. It is gone with the test.</summary>
/// <param name="lab">The lab.</param>
/// <param name="name">The node's name.</param>
/// <param name="program">The daemon's process name.</param>
/// <param name="package">The Debian package that has it.</param>
internal abstract class ForeignRouter(DeployedLab lab, string name, string program, string package)
    : LabNode(lab, name), IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();
    private NodeProcess? _daemon;

    /// <summary>A path in the daemon's own directory, which the node and the test both see.</summary>
    protected string PathOf(string file) => Path.Combine(_directory.Path, file);

    /// <summary>The state of the session with a peer as the daemon names it; not of its name when it does not answer.
    /// </summary>
    /// <param name="peer">The peer's address.</param>
    public abstract Task<string> SessionState(string peer);

    /// <summary>Whether a prefix is in the daemon's table.</summary>
    public abstract Task<bool> HasRoute(string prefix);

    /// <summary>What the daemon calls a session that is Established.</summary>
    protected virtual string Established => "Established";

    /// <summary>What the daemon logged so far.</summary>
    public string Log => string.Join('\n', _daemon!.Output);

    /// <summary>Waits until a peer's session is Established.</summary>
    public Task WaitEstablished(string peer) => Poll.Until(
        () => SessionState(peer),
        state => state == Established,
        Timeout,
        $"{program} is Established with {peer}; it says:\n{Log}");

    /// <summary>Waits until a prefix is in the daemon's table, or is not.</summary>
    public Task WaitRoute(string prefix, bool present) => Poll.Until(
        () => HasRoute(prefix),
        found => found == present,
        Timeout,
        $"{program} {(present ? "has" : "has lost")} {prefix}");

    /// <summary>Ends the daemon with SIGKILL, all its processes, and waits until they are gone.</summary>
    public async Task KillDaemon()
    {
        await TryRun("pkill", "-KILL", "-x", program);
        await _daemon!.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Poll.Until(
            () => TryRun("pgrep", "-x", program),
            found => found.ExitCode != 0,
            Timeout,
            $"{program} is gone");
        _daemon.Dispose();
        _daemon = null;
    }

    /// <summary>Starts the daemon, for the first time or again.</summary>
    public async Task StartDaemon()
    {
        var found = await TryRun("which", Command[0]);
        Assert.True(found.ExitCode == 0, $"{program} is not installed: run 'lab/install-packages {package}'");
        _daemon = await StartProcess([.. Command]);
    }

    /// <summary>The JSON that a daemon's client prints; null while the daemon does not answer.</summary>
    protected async Task<JsonNode?> TryReadJson(params string[] command)
    {
        var answer = await TryRun(command);
        try
        {
            return answer.ExitCode == 0 ? JsonNode.Parse(answer.Output) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The daemon in the foreground, with its configuration.</summary>
    protected abstract IReadOnlyList<string> Command { get; }

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
            await KillDaemon();
        _directory.Dispose();
    }
}
