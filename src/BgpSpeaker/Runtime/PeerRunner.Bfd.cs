using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Runtime.Bfd;
using AnycastVip.BgpSpeaker.Session;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime;

// The BFD session that watches the peer: what it is told, and what it tells.
internal sealed partial class PeerRunner
{
    private readonly BfdTransport _bfd;
    private BfdTarget? _bfdTarget;
    private BfdWatch? _watch;
    private bool _isPermittedByBfd;

    /// <summary>The BFD session; null: none is configured, or the peer was never started.</summary>
    public Task<BfdStatus?> BfdStatusAsync() =>
        Volatile.Read(ref _watch) is { } watch ? Status(watch) : Task.FromResult<BfdStatus?>(null);

    private static async Task<BfdStatus?> Status(BfdWatch watch) => await watch.StatusAsync();

    // After each command and each change of the options; what the peer hears by BGP has been written before.
    private void FollowBfd()
    {
        var isStarted = !_engine.IsAdministrativelyDown;
        if (BfdTargetOf(Options) is not { } target)
            LeaveBfd();
        else if (isStarted || _watch is not null)
            Watch(target, isStarted);
        if (_isPermittedByBfd || Options.Bfd is not { Strict: true })
            _engine.Handle(new BfdUp(), _clock.Now());
        CarryOut();
    }

    private void Watch(BfdTarget target, bool isStarted)
    {
        if (target.Path != _bfdTarget?.Path)
            LeaveBfd();
        if (_watch is null)
            Volatile.Write(ref _watch, _bfd.Add(target, report => Post(new BfdReported(target.Path, report))));
        else if (target.Settings != _bfdTarget?.Settings)
            _watch.Configure(target.Settings);
        _bfdTarget = target;
        if (isStarted)
            _watch.Enable();
        else
            _watch.Disable();
    }

    private void LeaveBfd()
    {
        _watch?.Leave();
        Volatile.Write(ref _watch, null);
        _bfdTarget = null;
        _isPermittedByBfd = false;
    }

    private void TakeBfdReport(BfdReported reported)
    {
        if (reported.Path != _bfdTarget?.Path)
            return;
        var report = reported.Report;
        if (report.Changed is { } change)
        {
            LogBfdChange(_log, _options.Name, change.From, change.To, BfdText.Describe(change.Diagnostic));
            _changed.Pulse();
        }
        // What only leaves Up by an operator's hand, ours or the remote one's, takes nothing away (RFC 5882 section
        // 3.2), but ours wants to be Up again before it counts.
        _isPermittedByBfd = report.State != BfdState.AdminDown && (_isPermittedByBfd || report.IsPermission);
        if (report.Changed is { IsFailure: true } failure)
        {
            _isPermittedByBfd = false;
            _engine.Handle(new BfdDown(BfdText.Describe(failure.Diagnostic)), _clock.Now());
        }
        else if (_isPermittedByBfd)
        {
            _engine.Handle(new BfdUp(), _clock.Now());
        }
    }

    // Null also while an unnumbered peer is not known.
    private BfdTarget? BfdTargetOf(PeerOptions options) =>
        options.Bfd is { } bfd && (options.IsUnnumbered ? CurrentAddress : options.Address) is { } remote
            ? new BfdTarget(
                options.Name,
                new BfdPath
                {
                    Remote = Unscoped(remote),
                    Local = options.LocalAddress is { } local ? Unscoped(local) : null,
                    IsMultihop = bfd.IsMultihop,
                    MultihopMinimumTtl = bfd.MinimumTtl,
                },
                options.Interface,
                bfd.Settings)
            : null;

    private static IPAddress Unscoped(IPAddress address) =>
        address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes()) : address;

    [LoggerMessage(Level = LogLevel.Information, Message = "peer {Peer}: BFD {From} -> {To}: {Diagnostic}")]
    private static partial void LogBfdChange(
        ILogger log, string peer, BfdState from, BfdState to, string diagnostic);

    private sealed record BfdReported(BfdPath Path, BfdReport Report) : Input;
}
