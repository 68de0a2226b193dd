using System.Net;
using System.Net.Sockets;

namespace AnycastVip.HealthGate.Checks;

/// <summary>HTTP status codes from one to another, both included.</summary>
public readonly record struct StatusRange(int First, int Last)
{
    /// <inheritdoc/>
    public override string ToString() => First == Last ? $"{First}" : $"{First}-{Last}";
}

/// <summary>What an HTTP check asks.</summary>
public sealed record HttpProbeSettings
{
    /// <summary>Where to.</summary>
    public required IPEndPoint Target { get; init; }

    /// <summary>The origin-form of RFC 9112 section 3.2.1, sent as it is; begins with a slash.</summary>
    public string Path { get; init; } = "/";

    /// <summary>The Host field; null: the target's address and port.</summary>
    public string? Host { get; init; }

    /// <summary>The statuses that count as healthy.</summary>
    public IReadOnlyList<StatusRange> ExpectedStatus { get; init; } = [new(200, 299)];
}

/// <summary>
/// Sends GET on a new connection and judges the status. The answer must come whole within the time-out, but of its body
/// no more than <see cref="BodyMax"/> octets are read. A redirect is a status like any other.
/// </summary>
public sealed class HttpProbe : IProbe, IDisposable
{
    /// <summary>In octets.</summary>
    public const int BodyMax = 64 * 1024;

    private readonly HttpProbeSettings _settings;
    private readonly Uri _uri;
    private readonly HttpMessageInvoker _client;

    /// <summary>A probe with a client of its own, so that checks share no state.</summary>
    public HttpProbe(HttpProbeSettings settings)
    {
        _settings = settings;
        _uri = new Uri(
            $"http://{settings.Target}{settings.Path}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = 16,
            MaxResponseDrainSize = 0,
            // A kept connection would prove that the target lives, not that it accepts.
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = async (_, timeout) => new NetworkStream(
                await TcpProbe.ConnectAsync(settings.Target, null, timeout), ownsSocket: true),
        });
    }

    /// <inheritdoc/>
    public async Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _uri);
        request.Headers.Host = _settings.Host;
        request.Headers.ConnectionClose = true;
        using var response = await _client.SendAsync(request, timeout);
        await ReadBodyAsync(response, timeout);
        var status = (int)response.StatusCode;
        return _settings.ExpectedStatus.Any(range => range.First <= status && status <= range.Last)
            ? new(true, $"HTTP {status}")
            : new(false, $"HTTP {status}, not {string.Join(", ", _settings.ExpectedStatus)}");
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static async Task ReadBodyAsync(HttpResponseMessage response, CancellationToken timeout)
    {
        var buffer = new byte[4096];
        await using var body = await response.Content.ReadAsStreamAsync(timeout);
        for (int total = 0, count = 1; count > 0 && total < BodyMax; total += count)
            count = await body.ReadAsync(buffer, timeout);
    }
}
