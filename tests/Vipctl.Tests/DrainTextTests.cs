using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;

namespace AnycastVip.Vipctl.Tests;

public sealed class DrainTextTests
{
    private const string Counted =
        """ "exact": true, "fed": 12, "stranded": 3, "newTotal": "40", "newLastSecond": "1" """;

    [Theory]
    [InlineData("""{"phase": "DRAIN_PHASE_ORDERED"}""", "ordered")]
    [InlineData("""{"phase": "DRAIN_PHASE_ORDERED", "text": "saved\u001b[2J"}""", @"ordered: saved\x1b[2J")]
    [InlineData(
        """{"phase": "DRAIN_PHASE_CONNECTIONS", "connections": {}}""", "connections; connections not counted yet")]
    [InlineData(
        """{"phase": "DRAIN_PHASE_CONNECTIONS", "connections": {"fed": 7, "newTotal": "9"}}""",
        "connections; connections not counted yet")]
    [InlineData(
        """{"phase": "DRAIN_PHASE_LISTENERS", "peers": [{"peer": "tor1", "established": true}]}""", "listeners")]
    [InlineData("""{"phase": "DRAIN_PHASE_DONE", "connections": {}}""", "done; connections were not counted")]
    [InlineData(
        $$"""{"phase": "DRAIN_PHASE_CONNECTIONS", "connections": { {{Counted}} } }""",
        "connections; connections: 12 fed, 3 stranded, 40 new since the order (1 in the last second)")]
    [InlineData(
        $$"""{"phase": "DRAIN_PHASE_LISTENERS", "connections": { {{Counted}}, "closedStranded": "2" } }""",
        "listeners; connections: 12 fed, 3 stranded, 40 new since the order (1 in the last second), "
        + "closed 0 fed and 2 stranded")]
    [InlineData(
        """{"phase": "DRAIN_PHASE_DONE", "connections": {"exact": true}}""",
        "done; connections: 0 fed, 0 stranded, 0 new since the order (0 in the last second)")]
    [InlineData(
        """
        {"phase": "DRAIN_PHASE_WITHDRAWING", "peers": [
            {"peer": "tor1", "established": true, "acknowledgedAt": "2026-03-01T12:00:00Z"},
            {"peer": "tor2", "established": true}, {"peer": "tor3"}]}
        """,
        "withdrawing; acknowledged by 1 of 2 peers, not by tor2")]
    [InlineData(
        """
        {"phase": "DRAIN_PHASE_WITHDRAWING", "peers": [
            {"peer": "tor1", "established": true, "acknowledgedAt": "2026-03-01T12:00:00Z"}, {"peer": "tor3"}]}
        """,
        "withdrawing; acknowledged by 1 of 1 peers")]
    public void A_line_says_what_is_known_and_no_number_that_is_not(string json, string expected) =>
        Assert.Equal(expected, DrainText.Line(JsonParser.Default.Parse<DrainProgress>(json)));

    [Fact]
    public void A_terminal_has_one_line_written_anew_and_its_end()
    {
        var output = new LiveText();
        var line = new ProgressLine(output, isScreen: true);
        line.Show("ordered", "; 2s left");
        line.Show("ordered", "; 1s left");
        line.End();
        line.End();
        Assert.Equal(
            "\r\e[?7lordered; 2s left\e[?7h\e[K\r\e[?7lordered; 1s left\e[?7h\e[K\n", output.ToString());
    }

    [Fact]
    public void Elsewhere_each_change_has_a_line_and_the_passing_of_time_none()
    {
        var output = new LiveText();
        var line = new ProgressLine(output, isScreen: false);
        line.Show("ordered", "; 2s left");
        line.Show("ordered", "; 1s left");
        line.Show("done", "");
        line.End();
        Assert.Equal("ordered\ndone\n", output.ToString());
    }
}
