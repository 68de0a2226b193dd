using AnycastVip.HealthGate.Drain;
using AnycastVip.HealthGate.Engine;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>A backend is drained: its connections are counted, and closed if the order says when.</summary>
public sealed class GateBackendDrainTests
{
    private static readonly DrainTarget Target = new DrainTarget.Backend("web", "s1");

    private readonly GateDriver _gate = GateDriver.Announced();

    private BackendStanding Standing => _gate.Engine.View(_gate.Now).Backends[0];

    [Fact]
    public void What_is_left_is_closed_once_the_time_from_the_order_on_is_over()
    {
        Drain(TimeSpan.FromSeconds(2), appliedAfter: 1.5);
        _gate.Count(fed: 3, stranded: 0);
        // The last quarter of the time: gently.
        Assert.Equal(["close web/s1 within 0.5 s", "count web/s1"], _gate.Tick(0.25));
        _gate.Count(fed: 2, stranded: 0);
        Assert.Equal(["close web/s1 all", "count web/s1"], _gate.Tick(0.25));
        _gate.Take(new ConnectionsClosedByProxy(Closing.RequestId, 2));
        Assert.Empty(_gate.Count(fed: 0, stranded: 0));
        Assert.Equal((true, 0, 2UL), (
            Standing.DrainConnections!.IsExact, Standing.DrainConnections.Fed, Standing.DrainConnections.ClosedFed));
        Assert.Empty(_gate.Tick(60));
    }

    [Fact]
    public void Without_a_time_nothing_is_closed()
    {
        Drain(timeout: null);
        for (var hours = 0; hours < 48; hours++)
        {
            _gate.Count(fed: 3, stranded: 0);
            Assert.Equal(["count web/s1"], _gate.Tick(3600));
        }
        Assert.Null(Standing.ConnectionsEndAt);
    }

    [Fact]
    public void A_repeated_order_brings_its_own_time_from_the_first_one_on()
    {
        Drain(timeout: null);
        _gate.Count(fed: 3, stranded: 0);
        _gate.Tick(8);
        _gate.Count(fed: 3, stranded: 0);
        Assert.Empty(_gate.Drain(Target, TimeSpan.FromSeconds(8)));
        Assert.Equal(["close web/s1 all", "count web/s1"], _gate.Tick(0.25));
    }

    [Fact]
    public void An_order_to_close_that_the_proxy_lost_is_given_again()
    {
        Drain(TimeSpan.Zero);
        Assert.IsType<CloseVipConnections>(_gate.Last[0]);
        _gate.Take(new ProxyLost("killed"));
        Assert.DoesNotContain("close web/s1 all", _gate.Tick(1));
        Assert.Contains("close web/s1 all", _gate.Take(new ProxyConnected(0)));
    }

    [Fact]
    public void No_connection_is_stranded_for_its_client_is_not_moved_away()
    {
        Drain(timeout: null);
        Assert.Null(Assert.IsType<CountVipConnections>(Assert.Single(_gate.Last)).StrandedSince);
    }

    [Fact]
    public void An_undrain_ends_the_counting_and_closes_nothing()
    {
        Drain(TimeSpan.FromSeconds(1));
        _gate.Count(fed: 3, stranded: 0);
        Assert.Equal(["table 6: 203.0.113.50:80 s1=Up s2=Up"], _gate.Undrain());
        Assert.Empty(_gate.Tick(60));
        Assert.Equal((null, null), (Standing.DrainedSince, Standing.DrainConnections));
    }

    [Fact]
    public void Who_gave_an_order_and_who_took_it_back_are_events()
    {
        Drain(timeout: null);
        _gate.Undrain();
        Assert.Equal(
            ["drained by alice: upgrade", "undrained by bob; it was drained by alice: upgrade"],
            _gate.Events.Where(one => one.Kind == EventKind.Drain).Select(one => one.Text));
    }

    private CloseVipConnections Closing => _gate.Last.OfType<CloseVipConnections>().Single();

    private void Drain(TimeSpan? timeout, double appliedAfter = 0)
    {
        Assert.Equal(["table 5: 203.0.113.50:80 s1=Drain s2=Up"], _gate.Drain(Target, timeout));
        _gate.Tick(appliedAfter);
        _gate.Take(new TableApplied(5, [], false));
    }
}
