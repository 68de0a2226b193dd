using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Rpc.Tests;

/// <summary>Clients that send what they should not, or read nothing: they harm themselves only.</summary>
public sealed class HostileClientTests
{
    // The client's side of RFC 9113 section 3.4: the preface and an empty SETTINGS frame.
    private const string Preface = "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a" + "000000040000000000";

    // What is sent after it on one line each: length (3 octets), type, flags, stream (4 octets), payload.
    [Theory]
    [InlineData("an HTTP/1.1 request", "474554202f20485454502f312e310d0a486f73743a20780d0a0d0a")]
    [InlineData("random octets", "8f1c0377e2aa5b9d00ff10c4361e7df9a0b1c2d3e4f50617280a394a5b6c7d8e9f0011223344")]
    [InlineData("a frame larger than SETTINGS_MAX_FRAME_SIZE", Preface + "ffffff000000000001")]
    [InlineData("DATA on a stream that is not open", Preface + "000004000000000001" + "deadbeef")]
    [InlineData("HEADERS with a broken HPACK index", Preface + "000001010500000001" + "ff")]
    [InlineData("a PING of seven octets", Preface + "000007060000000000" + "00000000000000")]
    [InlineData("a WINDOW_UPDATE of zero", Preface + "000004080000000000" + "00000000")]
    [InlineData("CONTINUATION without HEADERS", Preface + "000000090400000001")]
    public async Task Garbage_closes_its_connection_and_no_other(string what, string hex)
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        var client = sandbox.Client();
        await client.SayAsync(new StringValue(), Sandbox.Call);
        using var raw = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await raw.ConnectAsync(new UnixDomainSocketEndPoint(sandbox.Socket), TestContext.Current.CancellationToken);
        await raw.SendAsync(Convert.FromHexString(hex), TestContext.Current.CancellationToken);
        await using var stream = new NetworkStream(raw);
        // Ends when the server closes; a server that does not lets the test's patience end it.
        using var patience = new CancellationTokenSource(Sandbox.Patience);
        try
        {
            await stream.CopyToAsync(Stream.Null, patience.Token);
        }
        catch (IOException)
        {
            // Closed with our octets unread: a reset instead of an end.
        }

        Assert.Equal(what, (await client.SayAsync(new StringValue { Value = what }, Sandbox.Call)).Value);
        Assert.DoesNotContain(sandbox.Log.Lines, l => l.StartsWith("Error", StringComparison.Ordinal));
    }

    // A gRPC message is a compressed flag (one octet), its length (four) and itself.
    [Theory]
    [InlineData(1, null, StatusCode.Internal)]
    [InlineData(1, "snappy", StatusCode.Unimplemented)]
    [InlineData(2, null, StatusCode.Unknown)]
    [InlineData(0, "identity", StatusCode.OK)]
    public async Task A_compressed_flag_needs_an_encoding_that_the_server_knows(
        byte flag, string? encoding, StatusCode expected)
    {
        await using var sandbox = new Sandbox();
        await sandbox.Serve(new EchoService());
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(sandbox.Socket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var message = new byte[5 + 3];
        message[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(1), 3);
        Encoding.ASCII.GetBytes("\n\u0001x", message.AsSpan(5));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost/anycastvip.test.Echo/Say")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(message) { Headers = { { "content-type", "application/grpc" } } },
        };
        request.Headers.Add("te", "trailers");
        if (encoding is not null)
            request.Headers.Add("grpc-encoding", encoding);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        var fields = response.Headers.Concat(response.TrailingHeaders);
        var status = fields.Single(f => f.Key == "grpc-status").Value.Single();
        Assert.Equal(((int)expected).ToString(System.Globalization.CultureInfo.InvariantCulture), status);
    }

    [Fact]
    public async Task A_reader_that_stalls_holds_a_bounded_number_of_messages_and_nobody_else_up()
    {
        const int messageSize = 10_000;
        // HTTP/2's windows and the pipes' buffers on the way, and room for Python's growing its window as it likes.
        const int bound = 8 << 20;
        var time = TimeSpan.FromSeconds(Environment.GetEnvironmentVariable("VIP_SOAK") == "1" ? 60 : 3);
        await using var sandbox = new Sandbox();
        var service = new EchoService();
        await sandbox.Serve(service);
        var python = sandbox.Keep(PythonPeer.Start("client.py", sandbox.Socket));
        await python.Do(new Command("open", "/anycastvip.test.Echo/Repeat", [$"flood:{messageSize}"])
        {
            Timeout = (time + Sandbox.Patience).TotalSeconds,
        });
        Assert.Equal("OK", (await python.Do(new Command("next"))).Code);
        var stalled = sandbox.Client();
        using var stream = stalled.Repeat(
            new StringValue { Value = $"flood:{messageSize}" },
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));

        // The windows fill within milliseconds; whatever still flowed after that would show over this time.
        var other = sandbox.Client();
        var since = Stopwatch.StartNew();
        while (since.Elapsed < time)
        {
            Assert.Equal("other", (await other.SayAsync(new StringValue { Value = "other" }, Sandbox.Call)).Value);
            Assert.Equal("same", (await stalled.SayAsync(new StringValue { Value = "same" }, Sandbox.Call)).Value);
            Assert.Equal("OK same", (await python.Call("/anycastvip.test.Echo/Say", "same")).ToString());
        }

        Assert.InRange(service.Flooded * messageSize, messageSize, bound);
        var before = service.Flooded;
        for (var i = 0; i < 2 * bound / messageSize; i++)
            Assert.True(await stream.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.True(service.Flooded > before, "a reader that reads again is served again");
        await python.Do(new Command("cancel"));
    }
}
