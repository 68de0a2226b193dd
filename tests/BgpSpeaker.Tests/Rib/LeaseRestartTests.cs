using static AnycastVip.BgpSpeaker.Tests.Rib.LeaseScenario;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>When the routes are complete again after a restart of the speaker.</summary>
public sealed class LeaseRestartTests
{
    private const string Web = "203.0.113.50/32";

    private readonly LeaseScenario _scenario = new();

    private bool IsComplete => _scenario.Table.Current.IsComplete;

    [Fact]
    public void A_first_start_waits_for_nobody() => Assert.True(IsComplete);

    [Fact]
    public void A_restart_waits_until_each_client_of_before_has_declared()
    {
        Await("dns", "gate");
        Assert.False(IsComplete);

        _scenario.Declare(_scenario.Open("gate"), Announce("web", Web));
        Assert.Equal(Web, _scenario.Announced);
        Assert.False(IsComplete);

        _scenario.Declare(_scenario.Open("dns"), Withdraw("dns"));
        Assert.True(IsComplete);
    }

    [Fact]
    public void A_lease_without_a_set_decides_nothing()
    {
        Await("gate");
        _scenario.Open("gate");
        Assert.False(IsComplete);
    }

    [Fact]
    public void A_client_that_withdraws_is_believed_at_once()
    {
        Await("gate");
        _scenario.Declare(_scenario.Open("gate"), Withdraw("web"));
        Assert.True(IsComplete);
    }

    [Fact]
    public void What_a_client_does_not_know_yet_is_waited_for()
    {
        Await("gate");
        var stream = _scenario.Open("gate");
        _scenario.Declare(stream, Announce("web", Web), Unknown("dns"));
        Assert.False(IsComplete);

        _scenario.At(1).Declare(stream, Announce("web", Web), Withdraw("dns"));
        Assert.True(IsComplete);
    }

    [Fact]
    public void Nobody_is_waited_for_beyond_the_bound()
    {
        Await("gate");
        Assert.Equal(7.5, _scenario.NextDeadline);

        Assert.False(_scenario.At(7.4).Table.Current.IsComplete);
        Assert.True(_scenario.At(7.5).Table.Current.IsComplete);
        Assert.Null(_scenario.NextDeadline);
    }

    [Fact]
    public void Complete_once_is_complete_for_good()
    {
        Await("gate");
        var stream = _scenario.Open("gate");
        _scenario.Declare(stream, Withdraw("web"));
        _scenario.Declare(stream, Unknown("web"));
        Assert.True(IsComplete);
    }

    [Fact]
    public void An_emergency_withdraw_waits_for_nobody()
    {
        Await("gate");
        _scenario.EmergencyWithdraw("the operator says so");
        Assert.True(IsComplete);
    }

    [Fact]
    public void Becoming_complete_is_a_new_version()
    {
        Await("gate");
        var before = _scenario.Table.Current;
        Assert.True(_scenario.At(8).Table.Current.Version > before.Version);
    }

    private void Await(params string[] clients) => _scenario.Table.Await(clients, TimeSpan.FromSeconds(7.5));
}
