using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>What tshark makes of the BGP messages in a capture.</summary>
/// <param name="Opens">How many OPENs it saw.</param>
/// <param name="Updates">How many UPDATEs it saw, End-of-RIB included.</param>
/// <param name="Complaints">What it finds malformed or worth a warning in BGP, one text each.</param>
internal sealed partial record CaptureVerdict(int Opens, int Updates, IReadOnlyList<string> Complaints)
{
    /// <summary>Reads a capture.</summary>
    /// <param name="file">pcap or pcapng.</param>
    public static async Task<CaptureVerdict> ReadAsync(string file)
    {
        // Two things in one pass: a line of message types for each packet, then the table of what the experts say.
        var lines = await TsharkAsync(file, "-Y", "bgp", "-T", "fields", "-e", "bgp.type", "-z", "expert,warn");
        var types = lines.Where(line => MessageTypes().IsMatch(line)).SelectMany(line => line.Split(',')).ToList();
        var complaints = lines.Select(line => ExpertRow().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
            .ToList();
        if (complaints.Count > 0)
        {
            complaints.AddRange(await TsharkAsync(
                file, "-Y", "bgp && _ws.expert.severity >= \"Warning\"", "-T", "fields", "-e", "frame.time",
                "-e", "ip.src", "-e", "ipv6.src", "-e", "_ws.expert.message", "-e", "tcp.payload"));
        }
        return new CaptureVerdict(types.Count(type => type == "1"), types.Count(type => type == "2"), complaints);
    }

    private static async Task<string[]> TsharkAsync(string file, params string[] arguments)
    {
        using var tshark = Process.Start(new ProcessStartInfo("tshark", ["-r", file, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = tshark.StandardError.ReadToEndAsync();
        var output = await tshark.StandardOutput.ReadToEndAsync();
        await tshark.WaitForExitAsync();
        Assert.True(tshark.ExitCode == 0, $"tshark {file}: {await error}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"^[0-9]+(,[0-9]+)*\z")]
    private static partial Regex MessageTypes();

    // "           1  Malformed                BGP  Origin (invalid): 2 bytes": other protocols' rows are not ours.
    [GeneratedRegex(@"^ *[0-9]+ +\w+ +BGP +(.+)\z")]
    private static partial Regex ExpertRow();
}
