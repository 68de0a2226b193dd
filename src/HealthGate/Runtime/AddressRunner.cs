using System.Net.Sockets;
using System.Threading.Channels;
using AnycastVip.HealthGate.Addresses;
using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Runtime;

/// <summary>Carries out the engine's orders about addresses one after the other, and tells what others do.</summary>
internal sealed class AddressRunner : IAsyncDisposable
{
    private readonly AddressKeeper _keeper;
    private readonly Action<GateInput> _happened;
    private readonly Task _ensuring;
    private readonly Task _watching;
    // An order says everything: those that a newer one overtook mean nothing.
    private readonly Channel<EnsureAddresses> _orders = Channel.CreateBounded<EnsureAddresses>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
    private ulong _carriedOut;

    /// <summary>Starts the work; the keeper is disposed of with it.</summary>
    public AddressRunner(AddressKeeper keeper, Action<GateInput> happened)
    {
        (_keeper, _happened) = (keeper, happened);
        _ensuring = Task.Run(EnsureAsync);
        _watching = Task.Run(WatchAsync);
        Completion = Task.WhenAny(_ensuring, _watching).Unwrap();
    }

    /// <summary>
    /// The work. It ends with <see cref="DisposeAsync"/>; if it fails before, nothing is seen any more.
    /// </summary>
    public Task Completion { get; }

    /// <summary>Makes the interface hold exactly these addresses.</summary>
    public void Ensure(EnsureAddresses order) => _orders.Writer.TryWrite(order);

    /// <summary>Carries out the last order, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _orders.Writer.TryComplete();
        await _ensuring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _keeper.DisposeAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task EnsureAsync()
    {
        await foreach (var order in _orders.Reader.ReadAllAsync())
        {
            try
            {
                var statuses = await _keeper.EnsureAsync(order.Addresses.ToHashSet());
                Volatile.Write(ref _carriedOut, order.Revision);
                _happened(new AddressesSeen(order.Revision, statuses));
            }
            catch (SocketException e)
            {
                _happened(new AddressesSeen(order.Revision, [], $"netlink: {e.Message}"));
            }
        }
    }

    private async Task WatchAsync()
    {
        while (await _keeper.Events.WaitToReadAsync())
        {
            // One look answers all that happened before it.
            while (_keeper.Events.TryRead(out _))
            {
            }
            // In this order: what is seen is never older than the revision says.
            var revision = Volatile.Read(ref _carriedOut);
            _happened(new AddressesSeen(revision, _keeper.Statuses));
        }
    }
}
