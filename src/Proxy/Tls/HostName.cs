using System.Text;

namespace AnycastVip.Proxy.Tls;

/// <summary>Host names as they are compared: lower case, without the dot at the end.</summary>
internal static class HostName
{
    /// <summary>RFC 1035, section 2.3.4, as text.</summary>
    public const int MaximumLength = 253;

    /// <summary>What stands before a name that means every name below it.</summary>
    public const string Wildcard = "*.";

    private const int MaximumLabel = 63;

    /// <summary>
    /// Brings a name into the form that is compared. False: it is none that DNS could have, or an IP address, which RFC
    /// 6066 allows in no hello.
    /// </summary>
    /// <param name="name">As sent.</param>
    /// <param name="buffer">Room for <see cref="MaximumLength"/> characters.</param>
    /// <param name="length">How many were written.</param>
    public static bool TryNormalize(ReadOnlySpan<byte> name, Span<char> buffer, out int length)
    {
        length = 0;
        if (name is [.. var before, (byte)'.'])
            name = before;
        if (name.IsEmpty || name.Length > MaximumLength)
            return false;
        var (label, hasLetter) = (0, false);
        foreach (var octet in name)
        {
            var letter = char.ToLowerInvariant((char)octet);
            label = letter == '.' ? 0 : label + 1;
            // No empty label, and nothing but what host names and service names have; an A-label is of these too.
            if (letter == '.' ? length == 0 || buffer[length - 1] == '.' : !IsInLabel(letter) || label > MaximumLabel)
                return false;
            // In the last label: no top-level domain has digits only, as the last number of an address has.
            hasLetter = letter != '.' && (label > 1 && hasLetter || !char.IsAsciiDigit(letter));
            buffer[length++] = letter;
        }
        return label > 0 && hasLetter;
    }

    /// <summary>Whether a route may have it: a name as it is compared, or one behind the wildcard.</summary>
    public static bool IsPattern(string text)
    {
        var name = text.StartsWith(Wildcard, StringComparison.Ordinal) ? text[Wildcard.Length..] : text;
        var buffer = new char[MaximumLength];
        return TryNormalize(Encoding.UTF8.GetBytes(name), buffer, out var length)
            && name.AsSpan().SequenceEqual(buffer.AsSpan(0, length));
    }

    private static bool IsInLabel(char letter) =>
        char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '_';
}
