using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace AnycastVip.HealthGate.Checks;

/// <summary>
/// Reads one answer to a GET, RFC 9112, to its end or to the bound of its body. What is malformed or ends early is an
/// <see cref="IOException"/> with the reason.
/// </summary>
/// <remarks>
/// Our own, because the platform's client takes more threads' wake-ups for a request than a whole TCP check does.
/// </remarks>
internal sealed class HttpAnswer(Socket socket, CancellationToken timeout)
{
    /// <summary>Octets of the head, interim answers included.</summary>
    public const int HeadMax = 16 * 1024;

    private readonly byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;
    // Of the head, then of the body.
    private int _taken;
    private long? _length;
    private bool _isChunked;

    private bool IsBodyEnough => _taken >= HttpProbe.BodyMax;

    /// <summary>The status, once the answer is whole.</summary>
    public async Task<int> ReadAsync()
    {
        int status;
        do
            status = await ReadHeadAsync();
        while (status is >= 100 and < 200 and not 101);
        _taken = 0;
        // RFC 9112 section 6.3: these have no body, and a transfer coding overrides the length.
        if (status is 101 or 204 or 304)
            return status;
        if (_isChunked)
            await SkipChunksAsync();
        else if (!await SkipAsync(_length ?? long.MaxValue) && _length is not null)
            throw Torn();
        return status;
    }

    private async Task<int> ReadHeadAsync()
    {
        (_length, _isChunked) = (null, false);
        var status = Status(await ReadLineAsync());
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            if (_taken > HeadMax)
                throw TooLong();
            // RFC 9112 section 5.2: a line that goes on with the field before it, none of ours.
            if (line[0] is not (' ' or '\t'))
                TakeField(line);
        }
        return status;
    }

    // RFC 9112 section 4.
    private static int Status(string line)
    {
        var isStatusLine = line.Length >= 12 && (line.Length == 12 || line[12] == ' ')
            && (line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
                || line.StartsWith("HTTP/1.0 ", StringComparison.Ordinal));
        return isStatusLine
            && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            && status >= 100
                ? status
                : throw new IOException($"not an HTTP/1 answer: \"{OneLine.Of(line)}\"");
    }

    private void TakeField(string line)
    {
        var colon = line.IndexOf(':');
        if (colon < 1)
            throw new IOException($"malformed header field: \"{OneLine.Of(line)}\"");
        var (name, value) = (line[..colon], line[(colon + 1)..].Trim(' ', '\t'));
        if (name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
            _isChunked = value.EndsWith("chunked", StringComparison.OrdinalIgnoreCase);
        if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
            return;
        var isNumber = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length);
        if (!isNumber || (_length ?? length) != length)
            throw new IOException($"malformed or contradictory Content-Length: \"{OneLine.Of(value)}\"");
        _length = length;
    }

    // RFC 9112 section 7.1.
    private async Task SkipChunksAsync()
    {
        while (!IsBodyEnough)
        {
            var line = await ReadLineAsync();
            var digits = line.AsSpan(0, line.IndexOf(';') is >= 0 and var extension ? extension : line.Length).Trim();
            if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size)
                || size < 0)
                throw new IOException($"malformed chunk size: \"{OneLine.Of(line)}\"");
            if (size == 0)
            {
                while (!IsBodyEnough && (await ReadLineAsync()).Length > 0)
                    continue;
                return;
            }
            if (!await SkipAsync(size))
                throw Torn();
            if (!IsBodyEnough && (await ReadLineAsync()).Length > 0)
                throw new IOException("a chunk is longer than it says");
        }
    }

    // A line may end with LF alone, RFC 9112 section 2.2.
    private async ValueTask<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (await FillAsync())
        {
            var end = Array.IndexOf(_buffer, (byte)'\n', _start, _end - _start);
            var count = (end < 0 ? _end : end) - _start;
            line.Append(Encoding.Latin1.GetString(_buffer, _start, count));
            Take(end < 0 ? count : count + 1);
            if (end >= 0)
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
            if (line.Length > HeadMax)
                break;
        }
        throw line.Length > HeadMax ? TooLong() : Torn();
    }

    // False: the answer ended before. A body that is longer than its bound is as good as whole.
    private async ValueTask<bool> SkipAsync(long count)
    {
        while (count > 0 && !IsBodyEnough)
        {
            if (!await FillAsync())
                return false;
            var taken = (int)Math.Min(count, _end - _start);
            Take(taken);
            count -= taken;
        }
        return true;
    }

    private async ValueTask<bool> FillAsync()
    {
        if (_start < _end)
            return true;
        (_start, _end) = (0, await socket.ReceiveAsync(_buffer, timeout));
        return _end > 0;
    }

    private void Take(int count)
    {
        _start += count;
        _taken += count;
    }

    private static IOException TooLong() => new($"the head of the answer is longer than {HeadMax} octets");

    private static IOException Torn() => new("the connection was closed before the answer was whole");
}
