using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;

namespace AnycastVip.Vipctl.Tests;

public sealed class ViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, OutputFormatName> Formats()
    {
        var data = new TheoryData<string, OutputFormatName>();
        foreach (var answer in new[] { "peers", "routes", "leases", "delivery" })
        {
            foreach (var format in Enum.GetValues<OutputFormatName>())
                data.Add(answer, format);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void An_answer_is_shown_as_the_golden_file_has_it(string answer, OutputFormatName format)
    {
        var output = new StringWriter { NewLine = "\n" };
        Write(answer, (OutputFormat)format, output);
        Golden.AssertEqual($"{answer}.{format.ToString().ToLowerInvariant()}.out", output.ToString());
    }

    [Theory]
    [InlineData(OutputFormatName.Table)]
    [InlineData(OutputFormatName.Wide)]
    [InlineData(OutputFormatName.Json)]
    [InlineData(OutputFormatName.JsonLines)]
    public void Control_characters_of_a_peer_do_not_reach_the_terminal(OutputFormatName format)
    {
        var output = new StringWriter();
        Write("peers", (OutputFormat)format, output);
        Assert.Contains("swap", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(output.ToString(), c => char.IsControl(c) && c is not ('\n' or '\r'));
    }

    [Fact]
    public void An_empty_answer_is_a_header_or_an_empty_document()
    {
        Assert.Equal("NAME  ADDRESS  AS  STATE  UPTIME  PREFIXES  REASON\n", Shown(OutputFormat.Table));
        Assert.Equal("{\n  \"peers\": []\n}\n", Shown(OutputFormat.Json));
        Assert.Equal("", Shown(OutputFormat.JsonLines));

        static string Shown(OutputFormat format)
        {
            var output = new StringWriter { NewLine = "\n" };
            PeerView.View.Write(new ListPeersResponse(), format, Noon, output);
            return output.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        }
    }

    private static void Write(string answer, OutputFormat format, TextWriter output)
    {
        var json = Golden.Read($"{answer}.json");
        switch (answer)
        {
            case "peers":
                PeerView.View.Write(JsonParser.Default.Parse<ListPeersResponse>(json), format, Noon, output);
                break;
            case "routes":
                RouteView.View.Write(JsonParser.Default.Parse<ListRoutesResponse>(json), format, Noon, output);
                break;
            case "leases":
                LeaseView.View.Write(JsonParser.Default.Parse<ListLeasesResponse>(json), format, Noon, output);
                break;
            default:
                DeliveryView.View.Write(
                    JsonParser.Default.Parse<EmergencyWithdrawResponse>(json), format, Noon, output);
                break;
        }
    }

    /// <summary>The formats, public as xunit wants its data.</summary>
    public enum OutputFormatName
    {
        Table = OutputFormat.Table,
        Wide = OutputFormat.Wide,
        Json = OutputFormat.Json,
        JsonLines = OutputFormat.JsonLines,
    }
}
