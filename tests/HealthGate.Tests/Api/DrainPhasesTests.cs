using AnycastVip.HealthGate.Api;
using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.HealthGate.Tests.Engine;
using AnycastVip.Proto.V1;
using BackendState = AnycastVip.HealthGate.Health.BackendState;

namespace AnycastVip.HealthGate.Tests.Api;

/// <summary>The phases that operators see, by the states of the machines.</summary>
public sealed class DrainPhasesTests
{
    private static readonly GateView View = GateDriver.Announced().Engine.View(TimeSpan.Zero);

    [Theory]
    [InlineData(VipPhase.Serving, DrainPhase.Ordered)]
    [InlineData(VipPhase.Depreferring, DrainPhase.Depreferred)]
    [InlineData(VipPhase.Holding, DrainPhase.Depreferred)]
    [InlineData(VipPhase.Withdrawing, DrainPhase.Withdrawing)]
    [InlineData(VipPhase.Connections, DrainPhase.Connections)]
    [InlineData(VipPhase.Listener, DrainPhase.Listeners)]
    [InlineData(VipPhase.Address, DrainPhase.Addresses)]
    [InlineData(VipPhase.Drained, DrainPhase.Done)]
    public void A_VIP_is_drained_in_the_phases_of_its_machine(VipPhase phase, DrainPhase expected)
    {
        var vip = View.Vips[0];
        Assert.Equal(expected, DrainPhases.Of(vip with { State = vip.State with { Phase = phase } }));
    }

    [Theory]
    [InlineData(false, true, 0, 0, DrainPhase.Ordered)]
    [InlineData(true, false, 0, 0, DrainPhase.Connections)]
    [InlineData(true, true, 1, 0, DrainPhase.Connections)]
    [InlineData(true, true, 0, 1, DrainPhase.Connections)]
    [InlineData(true, true, 0, 0, DrainPhase.Done)]
    public void A_backend_is_drained_when_an_exact_count_finds_nothing(
        bool isDrained, bool isExact, int fed, int stranded, DrainPhase expected)
    {
        var backend = View.Backends[0];
        backend = backend with
        {
            State = backend.State with { IsDrained = isDrained },
            DrainConnections = new(isExact, TimeSpan.Zero, 0, 0, fed, stranded, 0, 0),
        };
        Assert.Equal(expected, DrainPhases.Of(backend));
    }

    [Fact]
    public void A_backend_that_nobody_has_counted_is_not_drained()
    {
        var backend = View.Backends[0];
        backend = backend with { State = backend.State with { IsDrained = true }, DrainConnections = null };
        Assert.Equal(DrainPhase.Connections, DrainPhases.Of(backend));
    }

    [Theory]
    [InlineData(true, Announcement.None, VipStatus.Drained, true, DrainPhase.Blocked)]
    [InlineData(false, Announcement.Normal, VipStatus.Up, true, DrainPhase.Done)]
    [InlineData(false, Announcement.Standby, VipStatus.Standby, true, DrainPhase.Done)]
    [InlineData(false, Announcement.Normal, VipStatus.Up, false, DrainPhase.Announcing)]
    [InlineData(false, Announcement.Normal, VipStatus.Blocked, true, DrainPhase.Blocked)]
    [InlineData(false, Announcement.None, VipStatus.Blocked, true, DrainPhase.Blocked)]
    [InlineData(false, Announcement.None, VipStatus.Down, true, DrainPhase.Blocked)]
    [InlineData(false, Announcement.None, VipStatus.Starting, true, DrainPhase.Proving)]
    [InlineData(false, Announcement.None, VipStatus.Damped, true, DrainPhase.Proving)]
    [InlineData(false, Announcement.Unknown, VipStatus.Unknown, true, DrainPhase.Proving)]
    public void A_VIP_is_undrained_when_its_announcement_is_delivered(
        bool isDrained, Announcement announcement, VipStatus status, bool isDelivered, DrainPhase expected)
    {
        var vip = View.Vips[0];
        var state = vip.State with { IsDrained = isDrained, Announcement = announcement, Status = status };
        Assert.Equal(expected, DrainPhases.OfUndrain(vip with { State = state, IsDelivered = isDelivered }));
    }

    [Theory]
    [InlineData(true, BackendState.Drain, DrainPhase.Blocked)]
    [InlineData(false, BackendState.Up, DrainPhase.Done)]
    [InlineData(false, BackendState.Down, DrainPhase.Blocked)]
    [InlineData(false, BackendState.Unknown, DrainPhase.Proving)]
    public void A_backend_is_undrained_when_it_is_up(bool isDrained, BackendState state, DrainPhase expected)
    {
        var backend = View.Backends[0];
        Assert.Equal(expected, DrainPhases.OfUndrain(
            backend with { State = backend.State with { IsDrained = isDrained, State = state } }));
    }

    [Theory]
    [InlineData(DrainPhase.Done)]
    [InlineData(DrainPhase.Done, DrainPhase.Done, DrainPhase.Done)]
    [InlineData(DrainPhase.Withdrawing, DrainPhase.Done, DrainPhase.Connections, DrainPhase.Withdrawing)]
    [InlineData(DrainPhase.Proving, DrainPhase.Blocked, DrainPhase.Announcing, DrainPhase.Proving)]
    [InlineData(DrainPhase.Announcing, DrainPhase.Blocked, DrainPhase.Announcing)]
    [InlineData(DrainPhase.Blocked, DrainPhase.Done, DrainPhase.Blocked)]
    public void Several_are_as_far_as_the_last_of_them(DrainPhase expected, params DrainPhase[] phases) =>
        Assert.Equal(expected, DrainPhases.Together(phases));
}
