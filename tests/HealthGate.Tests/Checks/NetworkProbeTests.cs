using System.Net;
using System.Text;
using AnycastVip.HealthGate.Checks;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Checks;

public sealed class NetworkProbeTests
{
    private const StringComparison Ordinal = StringComparison.Ordinal;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task Tcp_target_that_accepts_is_ok()
    {
        await using var server = new TargetServer((_, _) => Task.CompletedTask);
        Assert.Equal((CheckOutcome.Ok, "connected"), Summary(await CheckRun.OnceAsync(new TcpProbe(server.EndPoint))));
    }

    [Fact]
    public async Task Probes_send_a_header_first_where_one_is_expected()
    {
        await using var server = TargetServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var header = "PROXY UNKNOWN\r\n"u8.ToArray();

        var http = new HttpProbe(new() { Target = server.EndPoint, Header = header });
        Assert.Equal(CheckOutcome.Ok, (await CheckRun.OnceAsync(http)).Outcome);
        Assert.StartsWith("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n", server.Request, Ordinal);

        await CheckRun.OnceAsync(new TcpProbe(server.EndPoint, header: header));
        await Poll.Until(() => server.Request, request => request == "PROXY UNKNOWN\r\n", CheckRun.Patience, "it came");
    }

    [Fact]
    public async Task Tcp_probe_bound_to_lo_reaches_loopback()
    {
        await using var server = new TargetServer((_, _) => Task.CompletedTask);
        Assert.Equal(CheckOutcome.Ok, (await CheckRun.OnceAsync(new TcpProbe(server.EndPoint, "lo"))).Outcome);
    }

    [Fact]
    public async Task Tcp_probe_bound_to_a_device_that_does_not_exist_fails()
    {
        var result = await CheckRun.OnceAsync(new TcpProbe(TargetServer.Refusing(), "none9"));
        Assert.Equal((CheckOutcome.Failed, "cannot bind to interface none9"), Summary(result));
    }

    [Fact]
    public async Task Refused_target_fails_with_the_kernel_s_word_for_it()
    {
        var target = TargetServer.Refusing();
        var tcp = await CheckRun.OnceAsync(new TcpProbe(target));
        var probe = new HttpProbe(new() { Target = target });
        var http = await CheckRun.OnceAsync(probe);

        Assert.All([tcp, http], result =>
        {
            Assert.Equal(CheckOutcome.Failed, result.Outcome);
            Assert.StartsWith("Connection refused", result.Reason, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("200", "200-299", true, "HTTP 200")]
    [InlineData("204", "200-299", true, "HTTP 204")]
    [InlineData("503", "200-299", false, "HTTP 503, not 200-299")]
    [InlineData("302", "200-299", false, "HTTP 302, not 200-299")]
    [InlineData("302", "200-299 302", true, "HTTP 302")]
    [InlineData("404", "200 401-403", false, "HTTP 404, not 200, 401-403")]
    public async Task Http_status_is_judged(string status, string expected, bool ok, string reason)
    {
        await using var server = TargetServer.Answering(
            $"HTTP/1.1 {status} Word\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n");
        var probe = new HttpProbe(new()
        {
            Target = server.EndPoint,
            ExpectedStatus = [.. expected.Split(' ').Select(range => range.Split('-'))
                .Select(ends => new StatusRange(Number(ends[0]), Number(ends[^1])))],
        });

        var result = await CheckRun.OnceAsync(probe);

        Assert.Equal((ok ? CheckOutcome.Ok : CheckOutcome.Failed, reason), Summary(result));

        static int Number(string digits) => int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Http_request_has_path_and_host_as_they_are_configured()
    {
        await using var server = TargetServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var probe = new HttpProbe(new()
        {
            Target = server.EndPoint,
            Path = "/a/../b?x=%41",
            Host = "www.example.com",
        });

        Assert.Equal(CheckOutcome.Ok, (await CheckRun.OnceAsync(probe)).Outcome);
        Assert.StartsWith("GET /a/../b?x=%41 HTTP/1.1\r\n", server.Request, StringComparison.Ordinal);
        Assert.Contains("Host: www.example.com\r\n", server.Request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_probe_connects_anew_each_time()
    {
        await using var server = TargetServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        var probe = new HttpProbe(new() { Target = server.EndPoint });
        for (var run = 1; run <= 3; run++)
        {
            await probe.ProbeAsync(TestContext.Current.CancellationToken);
            Assert.Equal(run, server.Connections);
        }
    }

    public static TheoryData<string, string> Unfinished => new()
    {
        { "nothing", "" },
        { "half a status line", "HTTP/1.1 200" },
        { "endless headers", "HTTP/1.1 200 OK\r\nA: b\r\n" },
        { "slow body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf" },
    };

    [Theory]
    [MemberData(nameof(Unfinished))]
    public async Task Http_answer_that_does_not_end_times_out(string _, string answer)
    {
        await using var server = TargetServer.Answering(answer, stays: true);
        var probe = new HttpProbe(new() { Target = server.EndPoint });

        Assert.Equal(
            (CheckOutcome.TimedOut, "timed out after 200 ms"), Summary(await CheckRun.OnceAsync(probe, Short)));
    }

    [Theory]
    [InlineData("not HTTP at all\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]
    [InlineData("")]
    public async Task Http_answer_that_is_torn_or_strange_fails(string answer)
    {
        await using var server = TargetServer.Answering(answer);
        var probe = new HttpProbe(new() { Target = server.EndPoint });

        var result = await CheckRun.OnceAsync(probe);

        Assert.Equal(CheckOutcome.Failed, result.Outcome);
        Assert.NotEmpty(result.Reason);
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nto the end")]
    [InlineData("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok")]
    [InlineData("HTTP/1.1 200 OK\r\nX: folded\r\n\tfield\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0\r\n\r\n")]
    public async Task Http_answer_of_any_framing_is_read_to_its_end(string answer)
    {
        await using var server = TargetServer.Answering(answer, stays: !answer.EndsWith("to the end", Ordinal));
        var result = await CheckRun.OnceAsync(new HttpProbe(new() { Target = server.EndPoint }));
        Assert.Equal(CheckOutcome.Ok, result.Outcome);
    }

    [Theory]
    [InlineData("", "the connection was closed before the answer was whole")]
    [InlineData("SSH-2.0-x\r\n", "not an HTTP/1 answer: \"SSH-2.0-x\"")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", "not an HTTP/1 answer: \"HTTP/2.0 200 OK\"")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "not an HTTP/1 answer: \"HTTP/1.1 2000 OK\"")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n", "not an HTTP/1 answer: \"HTTP/1.1 099 OK\"")]
    [InlineData("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed header field: \"no colon\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed or contradictory Content-Length: \"-1\"")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "malformed or contradictory Content-Length: \"2\"")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "malformed chunk size: \"x\"")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "a chunk is longer than it says")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab",
        "the connection was closed before the answer was whole")]
    public async Task Http_answer_that_is_malformed_fails_and_says_why(string answer, string reason)
    {
        await using var server = TargetServer.Answering(answer);
        var result = await CheckRun.OnceAsync(new HttpProbe(new() { Target = server.EndPoint }));
        Assert.Equal((CheckOutcome.Failed, reason), Summary(result));
    }

    [Theory]
    [InlineData("relative", null)]
    [InlineData("/a b", null)]
    [InlineData("/", "a\r\nInjected: b")]
    [InlineData("/", "")]
    public void Http_request_that_would_be_malformed_is_refused(string path, string? host) =>
        Assert.Throws<ArgumentException>(
            () => new HttpProbe(new() { Target = TargetServer.Refusing(), Path = path, Host = host }));

    [Fact]
    public async Task Http_request_names_its_target_when_no_host_is_configured()
    {
        await using var server = TargetServer.Answering("HTTP/1.1 204 No Content\r\n\r\n", IPAddress.IPv6Loopback);
        await CheckRun.OnceAsync(new HttpProbe(new() { Target = server.EndPoint }));
        Assert.Contains($"\r\nHost: [::1]:{server.EndPoint.Port}\r\n", server.Request, Ordinal);
    }

    [Fact]
    public async Task Http_body_is_read_up_to_its_bound_and_no_further()
    {
        var written = 0L;
        await using var server = new TargetServer(async (stream, stop) =>
        {
            await stream.ReadExactlyAsync(new byte[16], stop);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n\r\n"), stop);
            for (var chunk = new byte[65536]; ; Interlocked.Add(ref written, chunk.Length))
                await stream.WriteAsync(chunk, stop);
        });
        var probe = new HttpProbe(new() { Target = server.EndPoint });

        Assert.True((await probe.ProbeAsync(TestContext.Current.CancellationToken)).IsOk);
        Assert.InRange(Interlocked.Read(ref written), 0, 64 << 20);
    }

    [Fact]
    public async Task Http_head_that_does_not_end_is_bounded()
    {
        await using var server = new TargetServer(async (stream, stop) =>
        {
            await stream.ReadExactlyAsync(new byte[16], stop);
            await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\n"), stop);
            while (true)
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"A: {new string('b', 1000)}\r\n"), stop);
        });
        var probe = new HttpProbe(new() { Target = server.EndPoint });

        Assert.Equal(
            (CheckOutcome.Failed, "the head of the answer is longer than 16384 octets"),
            Summary(await CheckRun.OnceAsync(probe)));
    }

    private static (CheckOutcome Outcome, string Reason) Summary(CheckResult result) => (result.Outcome, result.Reason);
}
