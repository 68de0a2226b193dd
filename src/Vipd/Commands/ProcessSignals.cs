using System.Runtime.InteropServices;
using System.Threading.Channels;
using AnycastVip.Vipd.Supervision;

namespace AnycastVip.Vipd.Commands;

/// <summary>
/// Turns SIGTERM, SIGINT, SIGQUIT, SIGHUP and SIGUSR2 into what a <see cref="ProcessHost"/> says, so that a process can
/// stop in its own order.
/// </summary>
internal sealed class ProcessSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _leave = new();
    // One place: further requests merge into the one that waits, which is answered by reading the newest file.
    private readonly Channel<ReloadRequest> _reloads = Channel.CreateBounded<ReloadRequest>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<ReplaceOrder> _replacements = Channel.CreateBounded<ReplaceOrder>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Takes the signals over.</summary>
    public ProcessSignals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, End),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, End),
        PosixSignalRegistration.Create(PosixSignal.SIGQUIT, End),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload),
        PosixSignalRegistration.Create((PosixSignal)SignalNumber.SIGUSR2, Replace),
    ];

    /// <summary>What a process sees of the signals.</summary>
    /// <param name="configurationPath">Where its configuration was read.</param>
    public ProcessHost HostFor(string configurationPath) =>
        new(configurationPath, _reloads.Reader, _stop.Token, _leave.Token) { Replacements = _replacements.Reader };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
        _leave.Dispose();
    }

    // The second signal does what it does to any program: whoever sends it does not want to wait.
    private void End(PosixSignalContext context)
    {
        if (_stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        if (context.Signal == PosixSignal.SIGQUIT)
            _leave.Cancel();
        _stop.Cancel();
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _reloads.Writer.TryWrite(default);
    }

    private void Replace(PosixSignalContext context)
    {
        context.Cancel = true;
        _replacements.Writer.TryWrite(default);
    }
}
