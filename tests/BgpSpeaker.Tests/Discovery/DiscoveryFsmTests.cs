using System.Net;
using AnycastVip.BgpSpeaker.Discovery;

namespace AnycastVip.BgpSpeaker.Tests.Discovery;

public sealed class DiscoveryFsmTests
{
    private static readonly IPAddress First = IPAddress.Parse("fe80::1%4");
    private static readonly IPAddress Second = IPAddress.Parse("fe80::2%4");

    private DiscoveryState _state = DiscoveryFsm.Initial(seed: 5);

    [Fact]
    public void Nothing_is_sent_before_the_link_is_up()
    {
        Assert.Empty(Take(new DiscoveryTimersDue(), 100));
        Assert.Null(DiscoveryFsm.NextDeadline(_state));
    }

    [Fact]
    public void A_new_link_is_solicited_at_once_and_told_about_us_a_second_later()
    {
        Assert.Equal([new SendSolicitation()], Take(new LinkUp(4), 0));
        Assert.Equal(TimeSpan.FromSeconds(1), DiscoveryFsm.NextDeadline(_state));
        Assert.Equal([new SendAdvertisement()], Take(new DiscoveryTimersDue(), 1));
    }

    [Fact]
    public void The_answer_names_the_peer_and_only_then_it_hears_of_us()
    {
        Take(new LinkUp(4), 0);

        Assert.Equal<DiscoveryAction>(
            [new NeighbourFound(First), new SendAdvertisement()], Take(new AdvertisementHeard(First), 0.01));

        Assert.Equal(First, _state.Neighbour);
    }

    [Fact]
    public void Three_solicitations_are_all_and_none_follows_an_answer()
    {
        Take(new LinkUp(4), 0);
        var sent = Run(1, 60).Count(action => action is SendSolicitation);
        Assert.Equal(2, sent);

        Take(new LinkUp(5), 60);
        Take(new AdvertisementHeard(IPAddress.Parse("fe80::1%5")), 61);
        Assert.DoesNotContain(Run(62, 120), action => action is SendSolicitation);
    }

    [Fact]
    public void Advertisements_go_on_at_intervals_that_the_RFC_allows()
    {
        Take(new LinkUp(4), 0);
        var times = new List<double>();
        for (var now = 0.0; now < 300; now += 0.01)
            times.AddRange(Take(new DiscoveryTimersDue(), now).OfType<SendAdvertisement>().Select(_ => now));
        var gaps = times.Zip(times.Skip(1), (left, right) => right - left).ToArray();

        Assert.All(gaps[..2], gap => Assert.InRange(gap, 3, 4.02));
        Assert.All(gaps[2..], gap => Assert.InRange(gap, 7.49, 10.02));
    }

    [Fact]
    public void Of_two_routers_the_first_stays_the_peer_and_the_second_is_told_about_once()
    {
        Take(new LinkUp(4), 0);
        Take(new AdvertisementHeard(First), 0);

        Assert.Equal([new NeighbourRefused(Second, First)], Take(new AdvertisementHeard(Second), 0.5));
        Assert.Empty(Take(new AdvertisementHeard(Second), 0.6));
        Assert.Equal(First, _state.Neighbour);
    }

    [Fact]
    public void A_router_that_has_fallen_silent_is_replaced()
    {
        Take(new LinkUp(4), 0);
        Take(new AdvertisementHeard(First), 0);
        Take(new AdvertisementHeard(First), 10);

        Assert.Contains(new NeighbourRefused(Second, First), Take(new AdvertisementHeard(Second), 39.9));
        Assert.Contains(new NeighbourFound(Second), Take(new AdvertisementHeard(Second), 40));
    }

    [Fact]
    public void After_the_link_was_down_another_router_is_taken_at_once()
    {
        Take(new LinkUp(4), 0);
        Take(new AdvertisementHeard(First), 0);
        Assert.Empty(Take(new LinkDown(), 1));
        Assert.Null(DiscoveryFsm.NextDeadline(_state));

        Assert.Equal([new SendSolicitation()], Take(new LinkUp(4), 2));
        Assert.Contains(new NeighbourFound(Second), Take(new AdvertisementHeard(Second), 2.1));
    }

    [Fact]
    public void An_interface_with_another_index_is_another_link()
    {
        Take(new LinkUp(4), 0);
        Take(new AdvertisementHeard(First), 0);

        Assert.Equal([new SendSolicitation()], Take(new LinkUp(9), 5));
        Assert.Null(_state.Neighbour);
        Assert.Empty(Take(new AdvertisementHeard(First), 5.1));
        var again = IPAddress.Parse("fe80::1%9");
        Assert.Contains(new NeighbourFound(again), Take(new AdvertisementHeard(again), 5.2));
    }

    private IReadOnlyList<DiscoveryAction> Take(DiscoveryEvent happened, double seconds)
    {
        (_state, var actions) = DiscoveryFsm.Next(_state, happened, TimeSpan.FromSeconds(seconds));
        return actions;
    }

    private List<DiscoveryAction> Run(double from, double to)
    {
        var actions = new List<DiscoveryAction>();
        for (var now = from; now < to; now += 0.1)
            actions.AddRange(Take(new DiscoveryTimersDue(), now));
        return actions;
    }
}
