using System.Text.Json;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Google.Protobuf;

namespace AnycastVip.Vipctl.Tests;

public sealed class ViewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    // Each answer by the name of its golden files.
    private static readonly Dictionary<string, Action<OutputFormat, TextWriter>> Writers = new()
    {
        ["peers"] = (format, output) => Write("peers", PeerView.View, format, output),
        ["peer"] = (format, output) => Write("peer", PeerPage.View, format, output),
        ["bfd"] = (format, output) => Write("peer", BfdView.View, format, output),
        ["routes"] = (format, output) => Write("routes", RouteView.View, format, output),
        ["leases"] = (format, output) => Write("leases", LeaseView.View, format, output),
        ["delivery"] = (format, output) => Write("delivery", DeliveryView.View, format, output),
        ["vips"] = (format, output) => Write("vips", VipView.View, format, output),
        ["backends"] = (format, output) => Write("backends", BackendView.View, format, output),
        ["checks"] = (format, output) => Write("checks", CheckView.View, format, output),
        ["events"] = (format, output) => Write("events", EventView.View, format, output),
        ["drains"] = (format, output) => Write("drains", DrainView.View, format, output),
        ["explain"] = (format, output) => Write("explain", ExplainView.View, format, output),
        ["proxy-stats"] = (format, output) => Write("proxy-stats", ProxyStatsView.View, format, output),
        ["reload"] = (format, output) => Write("reload", ReloadView.View, format, output),
        ["status"] = (format, output) => StatusView.Write(Status(), format, Noon, output),
        ["status-no-gate"] = (format, output) => StatusView.Write(
            Status() with
            {
                Gate = null,
                Proxy = new GetProxyResponse { Connections = 3, MaxConnections = 1000 },
                Silent = [("gate", "/run/vipd/gate.sock: nobody listens on this socket; start vipd")],
            },
            format,
            Noon,
            output),
    };

    public static TheoryData<string, OutputFormatName> Formats()
    {
        var data = new TheoryData<string, OutputFormatName>();
        foreach (var answer in Writers.Keys)
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
        Writers[answer]((OutputFormat)format, output);
        Golden.AssertEqual($"{answer}.{format.ToString().ToLowerInvariant()}.out", output.ToString());
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Control_characters_from_outside_do_not_reach_the_terminal(string answer, OutputFormatName format)
    {
        var output = new StringWriter();
        Writers[answer]((OutputFormat)format, output);
        Assert.NotEqual("", output.ToString());
        Assert.DoesNotContain(output.ToString(), c => char.IsControl(c) && c is not ('\n' or '\r'));
    }

    [Fact]
    public void A_reload_that_is_refused_says_so_however_the_warnings_read()
    {
        var answer = Parse<ReloadConfigResponse>("reload");
        Assert.False(ReloadView.IsRefused(answer));
        answer.Applied = false;
        answer.Diagnostics[0].Severity = EventSeverity.Error;
        var output = new StringWriter { NewLine = "\n" };
        ReloadView.View.Write(answer, OutputFormat.Table, Noon, output);
        Assert.True(ReloadView.IsRefused(answer));
        Assert.StartsWith("node.yaml:12:3: error: `fall: 1`", output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("stays in force\n", output.ToString(), StringComparison.Ordinal);
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

    private static void Write<TAnswer>(string name, View<TAnswer> view, OutputFormat format, TextWriter output)
        where TAnswer : IMessage<TAnswer>, new() =>
        view.Write(Parse<TAnswer>(name), format, Noon, output);

    private static NodeStatus Status()
    {
        using var file = JsonDocument.Parse(Golden.Read("status.json"));
        return new()
        {
            Gate = new(
                Part<GetGateResponse>("gate"), Parse<ListVipsResponse>("vips"),
                Parse<ListBackendsResponse>("backends")),
            Speaker = new(
                Part<GetSpeakerResponse>("speaker"), Parse<ListPeersResponse>("peers"),
                Parse<ListRoutesResponse>("routes")),
            Silent = [("proxy", "/run/vipd/proxy.sock: no answer within the time given; the daemon may be hung")],
        };

        T Part<T>(string name)
            where T : IMessage<T>, new() =>
            new MessageParser<T>(() => new()).ParseJson(file.RootElement.GetProperty(name).GetRawText());
    }

    private static T Parse<T>(string name)
        where T : IMessage<T>, new() =>
        new MessageParser<T>(() => new()).ParseJson(Golden.Read($"{name}.json"));

    /// <summary>The formats, public as xunit wants its data.</summary>
    public enum OutputFormatName
    {
        Table = OutputFormat.Table,
        Wide = OutputFormat.Wide,
        Json = OutputFormat.Json,
        JsonLines = OutputFormat.JsonLines,
    }
}
