using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Health;

public sealed class BackendHealthTests
{
    private const string Refusal = "connection refused, seen by the proxy";

    private BackendHealthState _state = BackendHealth.Initial(TimeSpan.Zero);
    private TimeSpan _now;

    [Theory]
    [InlineData(CheckVerdict.Unknown, false, BackendState.Unknown)]
    [InlineData(CheckVerdict.Passing, false, BackendState.Up)]
    [InlineData(CheckVerdict.Failing, false, BackendState.Down)]
    [InlineData(CheckVerdict.Stale, false, BackendState.Down)]
    [InlineData(CheckVerdict.Unknown, true, BackendState.Unknown)]
    [InlineData(CheckVerdict.Passing, true, BackendState.Drain)]
    [InlineData(CheckVerdict.Failing, true, BackendState.Down)]
    [InlineData(CheckVerdict.Stale, true, BackendState.Down)]
    public void Check_and_drain_make_the_state(CheckVerdict verdict, bool drained, BackendState expected)
    {
        _state = BackendHealth.Initial(TimeSpan.Zero, drained);
        Take(new CheckReported(verdict, "because", 0));
        Assert.Equal(expected, _state.State);
    }

    [Fact]
    public void A_refusal_takes_it_down_at_once_and_resets_its_check()
    {
        Up();

        Assert.Equal<BackendAction>(
            [new FailCheck(1, Refusal), new BackendChanged(BackendState.Up, BackendState.Down, Refusal)],
            Take(new Observed(Observation.Refused, 1)));
    }

    [Fact]
    public void What_the_check_said_before_it_heard_of_the_refusal_is_dropped()
    {
        Up();
        Take(new Observed(Observation.Refused, 1));

        Assert.Empty(Take(new CheckReported(CheckVerdict.Passing, "HTTP 200", 0)));
        Assert.Equal(
            [new BackendChanged(BackendState.Down, BackendState.Up, "HTTP 200")],
            Take(new CheckReported(CheckVerdict.Passing, "HTTP 200", 1)));
        Assert.Equal(2, _state.Generation);
    }

    [Fact]
    public void Refusals_from_before_its_recovery_are_dropped()
    {
        Up();
        Take(new Observed(Observation.Refused, 1));
        Assert.Empty(Take(new Observed(Observation.Refused, 1)));
        Take(new CheckReported(CheckVerdict.Passing, "HTTP 200", 1));

        Assert.Empty(Take(new Observed(Observation.Refused, 1)));
        Assert.Equal(BackendState.Up, _state.State);
        Take(new Observed(Observation.Refused, 2));
        Assert.Equal(BackendState.Down, _state.State);
    }

    [Theory]
    [InlineData(Observation.TimedOut)]
    [InlineData(Observation.Reset)]
    public void Soft_evidence_only_hurries_the_check(Observation what)
    {
        Up();
        Assert.Equal([new HurryCheck()], Take(new Observed(what, 1)));
        Assert.Empty(Take(new Observed(what, 0)));
        Assert.Equal(BackendState.Up, _state.State);
    }

    [Fact]
    public void Drain_and_undrain_move_it_and_a_new_generation_begins()
    {
        Up();

        Assert.Equal(
            [new BackendChanged(BackendState.Up, BackendState.Drain, "drained: upgrade")],
            Take(new BackendDrainOrdered(true, "upgrade")));
        Take(new CheckReported(CheckVerdict.Failing, "HTTP 503", 0));
        Assert.Equal((BackendState.Down, "HTTP 503; drained: upgrade"), (_state.State, _state.Reason));
        Take(new CheckReported(CheckVerdict.Passing, "HTTP 200", 0));
        Assert.Equal(1, _state.Generation);
        Assert.Equal(
            [new BackendChanged(BackendState.Drain, BackendState.Up, "HTTP 200")],
            Take(new BackendDrainOrdered(false, "")));
        Assert.Equal(2, _state.Generation);
    }

    [Fact]
    public void A_refusal_while_drained_takes_it_down_too()
    {
        Up();
        Take(new BackendDrainOrdered(true, ""));
        Take(new Observed(Observation.Refused, 1));
        Assert.Equal((BackendState.Down, $"{Refusal}; drained"), (_state.State, _state.Reason));
    }

    [Fact]
    public void The_state_s_age_starts_with_the_state()
    {
        Up();
        _now = TimeSpan.FromSeconds(9);
        Take(new CheckReported(CheckVerdict.Passing, "HTTP 204", 0));
        Assert.Equal((TimeSpan.FromSeconds(1), "HTTP 204"), (_state.Since, _state.Reason));
    }

    private void Up()
    {
        _now = TimeSpan.FromSeconds(1);
        Assert.Equal(
            [new BackendChanged(BackendState.Unknown, BackendState.Up, "HTTP 200")],
            Take(new CheckReported(CheckVerdict.Passing, "HTTP 200", 0)));
        Assert.Equal(1, _state.Generation);
    }

    private IReadOnlyList<BackendAction> Take(BackendInput input)
    {
        (_state, var actions) = BackendHealth.Next(_state, input, _now);
        return actions;
    }
}
