using System.Threading.Channels;
using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;

namespace AnycastVip.Vipd.Tests.Supervision;

/// <summary>A supervisor of small shell programs, which write what they do into one file.</summary>
internal sealed class SupervisorRig : IAsyncDisposable
{
    /// <summary>No step of a test takes this long unless it hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();
    private readonly Channel<ReloadRequest> _reloads = Channel.CreateBounded<ReloadRequest>(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _leave = new();
    private readonly LogLines _log = new();
    private Task<bool> _running = Task.FromResult(true);

    /// <summary>Waits between restarts; short, so that tests are.</summary>
    public RestartPolicy Policy { get; init; } = new()
    {
        Minimum = TimeSpan.FromMilliseconds(1),
        Maximum = TimeSpan.FromMilliseconds(4),
    };

    /// <summary>What the supervisor logged.</summary>
    public IReadOnlyList<string> Log => _log.Lines;

    /// <summary>What the programs wrote.</summary>
    public IReadOnlyList<string> Story => File.Exists(PathOf("story")) ? File.ReadAllLines(PathOf("story")) : [];

    /// <summary>A shell program.</summary>
    public static ChildCommand Program(string name, string script) => new()
    {
        Name = name,
        File = "/bin/sh",
        Arguments = ["-c", script],
        StopBound = Patience,
    };

    /// <summary>A path in the rig's directory.</summary>
    public string PathOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>A program that runs until SIGTERM or SIGQUIT, and writes what it is sent.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="onTerm">What it does on SIGTERM instead, in shell.</param>
    public ChildCommand Daemon(string name, string? onTerm = null) => Program(name, $$"""
        say() { echo "{{name}} $1" >> {{PathOf("story")}}; }
        trap '{{onTerm ?? "say terminated; exit 0"}}' TERM
        trap 'say left; exit 0' QUIT
        trap 'say reloads' HUP
        say runs
        while :; do sleep 0.02; done
        """);

    /// <summary>Starts the supervisor.</summary>
    public void Start(params ChildCommand[] children)
    {
        var notifier = new SystemdNotifier(PathOf("notify"), _log);
        var supervisor = new Supervisor(children, Policy, notifier, TimeProvider.System, _log);
        _running = supervisor.RunAsync(new ProcessHost("node.yaml", _reloads, _stop.Token, _leave.Token));
    }

    /// <summary>Waits until the programs have written all these lines.</summary>
    public Task Told(params string[] lines) => Poll.Until(
        () => Story, story => lines.All(story.Contains), Patience, $"the programs told {string.Join(", ", lines)}");

    /// <summary>Waits until the supervisor has logged all these lines.</summary>
    public Task Logged(params string[] lines) => Poll.Until(
        () => string.Join('\n', Log), _ => lines.All(Log.Contains), Patience, $"it logs {string.Join(", ", lines)}");

    /// <summary>As SIGHUP does.</summary>
    public void Reload() => Assert.True(_reloads.Writer.TryWrite(default));

    /// <summary>As SIGTERM does; returns whether all ended in order.</summary>
    public async Task<bool> Stop()
    {
        await _stop.CancelAsync();
        return await _running.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>As SIGQUIT does; returns whether all ended in order.</summary>
    public async Task<bool> Leave()
    {
        await _leave.CancelAsync();
        return await Stop();
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _stop.Dispose();
        _leave.Dispose();
        _directory.Dispose();
    }
}
