using System.Net;
using System.Text;

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

    /// <summary>Sent before the request, for a target that expects a header first; empty: nothing.</summary>
    public ReadOnlyMemory<byte> Header { get; init; }

    /// <summary>The statuses that count as healthy.</summary>
    public IReadOnlyList<StatusRange> ExpectedStatus { get; init; } = [new(200, 299)];
}

/// <summary>
/// Sends GET on a new connection and judges the status. The answer must come whole within the time-out, but of its body
/// no more than <see cref="BodyMax"/> octets are read. A redirect is a status like any other.
/// </summary>
public sealed class HttpProbe : IProbe
{
    /// <summary>In octets, with what frames it.</summary>
    public const int BodyMax = 64 * 1024;

    private readonly HttpProbeSettings _settings;
    private readonly byte[] _request;

    /// <summary>A probe whose request is the same each time.</summary>
    /// <exception cref="ArgumentException">Path or host would not be a single word of the request.</exception>
    public HttpProbe(HttpProbeSettings settings)
    {
        var host = settings.Host ?? AuthorityOf(settings.Target);
        if (!settings.Path.StartsWith('/') || !IsWord(settings.Path) || !IsWord(host))
            throw new ArgumentException($"cannot ask {host} for {settings.Path}", nameof(settings));
        _settings = settings;
        // A kept connection would prove that the target lives, not that it accepts.
        var request = $"GET {settings.Path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";
        _request = [.. settings.Header.Span, .. Encoding.ASCII.GetBytes(request)];
    }

    /// <inheritdoc/>
    public async Task<ProbeOutcome> ProbeAsync(CancellationToken timeout)
    {
        using var socket = await TcpProbe.ConnectAsync(_settings.Target, null, timeout);
        await socket.SendAsync(_request, timeout);
        var status = await new HttpAnswer(socket, timeout).ReadAsync();
        return _settings.ExpectedStatus.Any(range => range.First <= status && status <= range.Last)
            ? new(true, $"HTTP {status}")
            : new(false, $"HTTP {status}, not {string.Join(", ", _settings.ExpectedStatus)}");
    }

    // An IPv6 address in brackets; its zone means nothing to the target, RFC 6874 section 4.
    private static string AuthorityOf(IPEndPoint target) =>
        new IPEndPoint(new IPAddress(target.Address.GetAddressBytes()), target.Port).ToString();

    private static bool IsWord(string text) => text.Length > 0 && text.All(letter => letter is > ' ' and < '\x7F');
}
