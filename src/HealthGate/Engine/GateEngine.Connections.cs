using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Engine;

/// <content>The connections that drains wait for.</content>
public sealed partial class GateEngine
{
    private readonly Dictionary<ulong, Request> _requests = [];
    private ulong _lastRequest;

    /// <summary>A question or an order to the proxy that is not answered yet.</summary>
    /// <param name="Counter">Whose.</param>
    /// <param name="Vip">The VIP that waits for it; null: a backend's.</param>
    /// <param name="At">When it was asked.</param>
    /// <param name="IsOfPhase">Counted after the phase began in which connections are waited for.</param>
    /// <param name="ClosesStranded">Of an order to close: only the stranded ones.</param>
    private sealed record Request(
        ConnectionCounter Counter, VipUnit? Vip, TimeSpan At, bool IsOfPhase = false, bool ClosesStranded = false)
    {
        /// <summary>What was sent for it.</summary>
        public GateAction? Order { get; init; }
    }

    /// <summary>What is accepted from now on is new: these clients still choose this node.</summary>
    private void BeginCounting(VipUnit vip)
    {
        if (!vip.HasListeners)
            return;
        vip.Counter = new(new(vip.Name, "", "")) { StrandedSince = _now };
        Ask(vip.Counter, vip, isOfPhase: false);
    }

    private void Count(VipUnit vip, TimeSpan? since)
    {
        if (since is { } time)
        {
            vip.Counter ??= new(new(vip.Name, "", ""));
            vip.Counter.Begin(time, strandedSince: time);
        }
        else if (vip.Counter is { } counter)
        {
            counter.NextAt = null;
            if (vip.State.IsDrained)
                Ask(counter, vip, isOfPhase: true);
            else
                vip.Counter = null;
        }
    }

    private void Close(
        ConnectionCounter? counter, VipUnit? vip, TimeSpan? strandedSince, ClosingWindow window = default)
    {
        if (!_proxy.Link.IsConnected || counter is null)
            return;
        Send(
            new(counter, vip, _now, ClosesStranded: strandedSince is not null),
            id => new CloseVipConnections(id, counter.Selector, strandedSince, window));
    }

    private void AskForCounts()
    {
        foreach (var vip in _vips.Where(vip => IsDue(vip.Counter)))
            Ask(vip.Counter!, vip, isOfPhase: true);
        foreach (var backend in Backends.Where(backend => IsDue(backend.Counter)))
        {
            // With each question, as long as something is left: an order that the proxy lost is repeated.
            if (backend.ConnectionsEndAt <= _now)
                Close(backend.Counter, vip: null, strandedSince: null);
            else if (backend.ConnectionsEndAt - backend.ClosingWindow.Length <= _now)
                Close(backend.Counter, vip: null, strandedSince: null, backend.ClosingWindow);
            Ask(backend.Counter!, vip: null, isOfPhase: true);
        }

        bool IsDue(ConnectionCounter? counter) =>
            _proxy.Link.IsConnected && counter is { IsAsked: false } && counter.NextAt <= _now;
    }

    private void Ask(ConnectionCounter counter, VipUnit? vip, bool isOfPhase)
    {
        if (!_proxy.Link.IsConnected)
            return;
        if (counter.NextAt is not null)
            (counter.IsAsked, counter.NextAt) = (true, _now + ConnectionCounter.Interval);
        Send(
            new(counter, vip, _now, isOfPhase),
            id => new CountVipConnections(id, counter.Selector, counter.StrandedSince));
    }

    private void Send(Request request, Func<ulong, GateAction> order)
    {
        var action = order(++_lastRequest);
        _requests[_lastRequest] = request with { Order = action };
        _actions.Add(action);
    }

    // A proxy that handed over may have taken them and not answered.
    private void RepeatRequests() => _actions.AddRange(_requests.Values.Select(request => request.Order!));

    private void TakeCount(ConnectionsCountedByProxy count)
    {
        if (!_requests.Remove(count.RequestId, out var request))
            return;
        var counter = request.Counter;
        counter.IsAsked = false;
        // The proxy counts after it was asked, whatever its clock says.
        if (count.At < request.At)
            count = count with { At = request.At };
        counter.Take(count, request.IsOfPhase);
        if (request.Vip is { } vip && request.IsOfPhase)
            Feed(vip, new ConnectionsCounted(count.At, count.Fed, count.Stranded), cause: 0);
        // A drained backend gets no new connections: with the last one there is nothing left to count.
        else if (request.Vip is null && count is { Fed: 0, Stranded: 0 })
            counter.NextAt = null;
    }

    private void TakeClosed(ConnectionsClosedByProxy closed)
    {
        if (_requests.Remove(closed.RequestId, out var request))
            request.Counter.Closed(closed.Closed, request.ClosesStranded);
    }

    // Their answers belonged to a stream that is no more.
    private void ForgetRequests()
    {
        foreach (var request in _requests.Values)
            request.Counter.IsAsked = false;
        _requests.Clear();
    }

    /// <summary>No connection outlives the proxy: one that is gone leaves none to wait for.</summary>
    private bool HasNoneLeft(VipUnit vip) => _proxy.IsGone
        && vip.State is { Phase: VipPhase.Connections, Settings.HasListeners: true };
}
