using System.Threading.Channels;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Links;
using AnycastVip.HealthGate.Tests.Checks;
using AnycastVip.Rpc;

namespace AnycastVip.HealthGate.Tests.Links;

/// <summary>A socket of its own, what a link says to the engine, and the time that it sees.</summary>
internal sealed class LinkRun : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("link-");
    private readonly Channel<GateInput> _inputs = Channel.CreateUnbounded<GateInput>();
    private readonly List<IAsyncDisposable> _parts = [];

    public FakeClock Clock { get; } = new();

    public string Socket => Path.Combine(_directory.FullName, "other.sock");

    /// <summary>Ends when the gate's loop has turned.</summary>
    public Func<Task> Turn { get; set; } = () => Task.CompletedTask;

    public LinkOptions Options => new(Socket, Clock, input => _inputs.Writer.TryWrite(input), () => Turn());

    public async Task<RpcServer> Serve<TService>(TService service)
        where TService : class => Keep(await ScriptedServer.Start(Socket, service));

    public T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    /// <summary>The next input, without letting time pass.</summary>
    public async Task<GateInput> Next() =>
        await _inputs.Reader.ReadAsync().AsTask().WaitAsync(Patience, TimeProvider.System);

    /// <summary>Lets time pass in small steps until there is an input.</summary>
    public async Task<GateInput> NextInTime(TimeSpan step)
    {
        await PassUntil(() => _inputs.Reader.Count > 0, step);
        return await Next();
    }

    /// <summary>Lets up to ten seconds pass, with a report before each step, until there is another input.</summary>
    public async Task<GateInput> NextWhileReporting<TReported>(Func<Task> report, TimeSpan step)
    {
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(10); passed += step)
        {
            try
            {
                await report();
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or OperationCanceledException)
            {
                // The link has given the stream up.
                return await Next();
            }
            if (await Next() is var input and not TReported)
                return input;
            Clock.Advance(step);
        }
        return await Next();
    }

    /// <summary>Lets time pass in small steps until something is so.</summary>
    public Task PassUntil(Func<bool> isSo, TimeSpan step) => Poll.Until(
        () =>
        {
            if (isSo())
                return true;
            Clock.Advance(step);
            return false;
        },
        isDone => isDone, Patience, "it happens while time passes");

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
        {
            // A link waits a bounded time for the other side.
            var disposing = part.DisposeAsync().AsTask();
            await PassUntil(() => disposing.IsCompleted, TimeSpan.FromSeconds(1));
            await disposing;
        }
        _directory.Delete(recursive: true);
    }
}
