using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Session;
using static AnycastVip.BgpSpeaker.Tests.Session.Sample;

namespace AnycastVip.BgpSpeaker.Tests.Peering;

public sealed class TransitionHistoryTests
{
    private readonly TransitionHistory _history = new();
    private int _now;

    [Fact]
    public void Failed_attempts_that_repeat_are_counted_and_leave_what_led_there()
    {
        Add("Established>Active lost");
        for (var attempt = 0; attempt < 50; attempt++)
            Add("Active>Connect dialling", "Connect>Active no answer");
        Add("Active>Connect dialling");

        Assert.Equal(
            [
                "1 Established>Active lost x1", "100 Active>Connect dialling x50", "101 Connect>Active no answer x50",
                "102 Active>Connect dialling x1",
            ],
            Texts());
    }

    [Fact]
    public void Attempts_of_every_length_are_counted()
    {
        string[] refused = ["Active>OpenSent accepted", "OpenSent>Active wrong AS"];
        string[] longest =
        [
            "Active>Connect dialling", "Connect>OpenSent connected", "OpenSent>OpenConfirm OPEN accepted",
            "OpenConfirm>Active closed",
        ];
        for (var attempt = 0; attempt < 3; attempt++)
            Add(refused);
        for (var attempt = 0; attempt < 4; attempt++)
            Add(longest);

        Assert.Equal(
            [
                "5 Active>OpenSent accepted x3", "6 OpenSent>Active wrong AS x3", "19 Active>Connect dialling x4",
                "20 Connect>OpenSent connected x4", "21 OpenSent>OpenConfirm OPEN accepted x4",
                "22 OpenConfirm>Active closed x4",
            ],
            Texts());
    }

    [Fact]
    public void Attempts_with_another_cause_are_listed()
    {
        Add("Active>Connect dialling", "Connect>Active no answer", "Active>Connect dialling", "Connect>Active refused");

        Assert.Equal(4, _history.Records.Count);
    }

    [Fact]
    public void A_session_that_flaps_is_listed_each_time_and_the_oldest_change_goes_first()
    {
        for (var flap = 0; flap < 10; flap++)
            Add("Active>Established up", "Established>Active lost");

        Assert.Equal(TransitionHistory.Capacity, _history.Records.Count);
        Assert.Equal("5 Active>Established up x1", Texts()[0]);
        Assert.Equal("20 Established>Active lost x1", Texts()[^1]);
    }

    private void Add(params string[] changes)
    {
        foreach (var change in changes)
        {
            var (states, cause) = (change.Split(' ')[0].Split('>'), change[(change.IndexOf(' ') + 1)..]);
            _history.Add(
                new StateChanged(Enum.Parse<BgpState>(states[0]), Enum.Parse<BgpState>(states[1]), cause),
                Seconds(++_now));
        }
    }

    private List<string> Texts() =>
    [
        .. _history.Records.Select(
            record => $"{record.At.TotalSeconds} {record.From}>{record.To} {record.Cause} x{record.Times}"),
    ];
}
