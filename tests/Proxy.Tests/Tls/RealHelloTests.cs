using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace AnycastVip.Proxy.Tests.Tls;

/// <summary>Hellos of clients that others wrote, taken from the wire.</summary>
public sealed class RealHelloTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_hello_of_SslStream_is_read(SslProtocols version)
    {
        var octets = await CaptureAsync(async port =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, Cancellation);
            await using var stream = new SslStream(client.GetStream());
            await Assert.ThrowsAnyAsync<Exception>(() => stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "www.example.com",
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    EnabledSslProtocols = version,
                },
                Cancellation));
        });

        Assert.Equal("name=www.example.com alpn=h2,http/1.1", HelloText.Read(octets));
    }

    [Theory]
    [InlineData("-tls1_2 -servername www.example.com", "name=www.example.com alpn=")]
    [InlineData("-tls1_3 -servername www.example.com -alpn h2", "name=www.example.com alpn=h2")]
    [InlineData("-noservername -alpn h2,http/1.1", "name= alpn=h2,http/1.1")]
    [InlineData("-tls1 -cipher DEFAULT@SECLEVEL=0 -servername old.example", "name=old.example alpn=")]
    public async Task The_hello_of_openssl_is_read(string options, string answer) =>
        Assert.Equal(answer, HelloText.Read(await CaptureAsync(port => RunOpenSslAsync(port, options))));

    [Fact]
    public async Task The_hello_of_openssl_in_records_of_512_octets_is_read()
    {
        var names = string.Join(',', Enumerable.Range(0, 80).Select(number => $"protocol-{number:d3}"));

        var octets = await CaptureAsync(port =>
            RunOpenSslAsync(port, $"-servername www.example.com -max_send_frag 512 -alpn {names}"));

        Assert.Equal(512, octets[3] << 8 | octets[4]);
        Assert.Equal($"name=www.example.com alpn={names}", HelloText.Read(octets));
    }

    // What a client sends before it gets an answer; the connection is closed once the hello is whole.
    private static async Task<byte[]> CaptureAsync(Func<int, Task> connectAsync)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = connectAsync(((IPEndPoint)listener.LocalEndpoint).Port);
        var octets = new List<byte>();
        using (var accepted = await listener.AcceptSocketAsync(Cancellation))
        {
            var buffer = new byte[4096];
            while (HelloText.Read([.. octets]) == "more")
            {
                var received = await accepted.ReceiveAsync(buffer, Cancellation);
                Assert.NotEqual(0, received);
                octets.AddRange(buffer[..received]);
            }
        }
        await client;
        return [.. octets];
    }

    private static async Task RunOpenSslAsync(int port, string options)
    {
        var start = new ProcessStartInfo("openssl", $"s_client -connect 127.0.0.1:{port} {options}")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.StandardError.ReadToEndAsync(Cancellation);
        await output;
        await process.WaitForExitAsync(Cancellation);
    }
}
