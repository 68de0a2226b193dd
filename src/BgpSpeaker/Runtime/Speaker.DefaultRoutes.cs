namespace AnycastVip.BgpSpeaker.Runtime;

// Received default routes, installed for the peers that are configured so.
public sealed partial class Speaker
{
    private readonly DefaultRouteKeeper _defaultRoutes;
    private readonly CancellationTokenSource _stopRoutes = new();
    private Task _keepingRoutes = Task.CompletedTask;

    // After a graceful restart clients still get their answers over what the predecessor installed.
    private DefaultRouteKeeper NewDefaultRouteKeeper(SpeakerOptions options)
    {
        var leftoversUntil = _restartedAt + RestartTimeOf(options) ?? TimeSpan.MinValue;
        return new DefaultRouteKeeper(_clock, _log, leftoversUntil);
    }

    private void KeepDefaultRoutes() =>
        _keepingRoutes = Task.Run(() => _defaultRoutes.RunAsync(_stopRoutes.Token));

    // Once no peer offers any more: what is left goes.
    private async Task EndDefaultRoutesAsync()
    {
        await _stopRoutes.CancelAsync();
        await _keepingRoutes;
    }
}
