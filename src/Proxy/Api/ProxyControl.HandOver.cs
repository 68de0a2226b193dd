using System.Collections.Immutable;
using AnycastVip.Proto.V1;
using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Engine;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Api;

/// <content>One process takes over from another.</content>
public sealed partial class ProxyControl
{
    // The gate reads at once, or it hangs, and then its link finds the successor later.
    private static readonly TimeSpan FarewellBound = TimeSpan.FromSeconds(1);

    private Proto.V1.ProxyTable? _message;
    private TaskCompletionSource? _handOver;
    private ReplacedProxy? _standing;

    /// <summary>Asks whoever keeps this process running for another one that replaces it; null: nobody does.</summary>
    public Action? OrderReplacement { get; init; }

    /// <summary>Those that were replaced before; null: none ever is.</summary>
    public ReplacedProxies? Replaced { get; init; }

    /// <summary>How this process goes on since another one has replaced it; null: none has.</summary>
    internal ReplacedProxy? Standing => Volatile.Read(ref _standing);

    /// <summary>Those whose connections count as this proxy's. One that was replaced itself has none.</summary>
    internal ReplacedProxies? Others => Standing is null ? Replaced : null;

    /// <summary>Waits until no connection is open, for a bounded time.</summary>
    /// <param name="bound">The longest wait.</param>
    /// <param name="interval">How often it looks.</param>
    /// <param name="cancel">Ends the wait with an exception.</param>
    public async Task AwaitLastConnectionAsync(TimeSpan bound, TimeSpan interval, CancellationToken cancel)
    {
        var start = Clock.GetTimestamp();
        while (Engine.Snapshot().Connections > 0 && Clock.GetElapsedTime(start) < bound)
            await Task.Delay(interval, Clock, cancel);
    }

    /// <summary>
    /// What a successor needs. Tables wait from here on until <see cref="AbandonHandOver"/>: nothing of it changes.
    /// </summary>
    internal (Proto.V1.ProxyTable? Table, ImmutableArray<ListeningSockets> Sockets) BeginHandOver()
    {
        lock (_lock)
        {
            _handOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return (_message, Engine.ListListeningSockets());
        }
    }

    /// <summary>All is as it was before <see cref="BeginHandOver"/>.</summary>
    internal void AbandonHandOver()
    {
        lock (_lock)
        {
            _handOver?.SetResult();
            _handOver = null;
        }
    }

    /// <summary>Accepts no more: a successor does.</summary>
    /// <param name="connectionTimeout">How long connections may go on.</param>
    internal void Retire(TimeSpan connectionTimeout)
    {
        var now = Clock.GetUtcNow();
        Volatile.Write(ref _standing, new()
        {
            Pid = (uint)Environment.ProcessId,
            ReplacedAt = now.ToTimestamp(),
            EndsAt = (now + connectionTimeout).ToTimestamp(),
        });
        Engine.StopAccepting();
    }

    /// <summary>Sends the gate to the successor.</summary>
    internal async Task SayFarewellAsync()
    {
        if (Volatile.Read(ref _holder) is { } holder)
            await holder.HandOverAsync().WaitAsync(FarewellBound, Clock)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Works from here on with what another process worked with.</summary>
    /// <exception cref="IOException">The table cannot be put in force.</exception>
    internal void TakeOver(
        Proto.V1.ProxyTable message, IEnumerable<ListeningSockets> sockets, IEnumerable<PersistentSources> sources)
    {
        var reader = new TableReader(message);
        if (reader.Faults.FirstOrDefault() is { } fault)
            throw new IOException($"the table of the other process cannot be used: {fault.Entry}: {fault.Text}");
        lock (_lock)
        {
            try
            {
                Note(reader.Table, Engine.TakeOver(reader.Table, sockets, sources));
                _message = message;
            }
            catch (TimeoutException error)
            {
                throw new IOException(error.Message, error);
            }
        }
    }

    /// <summary>Puts a table in force, or refuses it whole; during a hand-over it waits for the end of that.</summary>
    /// <inheritdoc cref="Apply"/>
    internal async Task<Proto.V1.TableResult> ApplyAsync(
        ControlCall call, Proto.V1.ProxyTable message, CancellationToken cancel)
    {
        while (true)
        {
            if (Apply(call, message, out var handOver) is { } result)
                return result;
            await handOver!.WaitAsync(cancel);
        }
    }

    private void RefuseReplaced()
    {
        if (_standing is not null)
            throw new RpcException(new Status(
                StatusCode.Unavailable, "another process has taken over from this proxy, on the path of its socket"));
    }
}
