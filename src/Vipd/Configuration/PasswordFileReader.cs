using System.Text;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads the TCP MD5 keys that peers name.</summary>
/// <param name="directory">Where relative paths count from.</param>
internal sealed class PasswordFileReader(string directory)
{
    // TCP_MD5SIG_MAXKEYLEN of Linux.
    private const int LongestPassword = 80;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The key in the file; null after a finding.</summary>
    /// <param name="path">The file as the configuration names it.</param>
    /// <param name="at">Where it does.</param>
    /// <param name="diagnostics">Takes the findings; never the key itself.</param>
    public string? Read(string path, Position at, DiagnosticList diagnostics)
    {
        try
        {
            var fullPath = Path.Combine(directory, path);
            var (password, refusal) = Judge(BoundedFile.Read(fullPath, LongestPassword + 3));
            if (refusal is not null)
                diagnostics.Error(at, $"passwordFile: {path.Quoted()} {refusal}");
            // No error: a mounted secret often has this mode and cannot be given another.
            else if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(fullPath) & UnixFileMode.OtherRead) != 0)
                diagnostics.Warning(at, $"passwordFile: {path.Quoted()} is readable by every user of this machine");
            return password;
        }
        catch (Exception exception) when (BoundedFile.IsFault(exception))
        {
            diagnostics.Error(at, $"passwordFile: cannot read {path.Quoted()}: {BoundedFile.Explain(exception)}");
            return null;
        }
    }

    private static (string? Password, string? Refusal) Judge(ReadOnlySpan<byte> octets)
    {
        if (octets.EndsWith("\n"u8))
            octets = octets[..^1];
        if (octets.EndsWith("\r"u8))
            octets = octets[..^1];
        if (octets.IsEmpty)
            return (null, "is empty");
        if (octets.IndexOfAnyInRange((byte)0, (byte)31) >= 0)
            return (null, "holds more than one line, or control characters");
        if (octets.Length > LongestPassword)
            return (null, $"holds more than {LongestPassword} octets");
        try
        {
            return (StrictUtf8.GetString(octets), null);
        }
        catch (DecoderFallbackException)
        {
            return (null, "is not UTF-8");
        }
    }
}
