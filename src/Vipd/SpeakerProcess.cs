using AnycastVip.Vipd.Commands;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd;

/// <summary>The process behind <c>vipd speaker</c>.</summary>
internal static class SpeakerProcess
{
    /// <summary>Runs until <paramref name="stop"/> is cancelled.</summary>
    public static async Task<int> RunAsync(NodeConfiguration configuration, CancellationToken stop)
    {
        await Console.Error.WriteLineAsync($"vipd speaker: {configuration.Speaker.NodeName} cannot run: no speaker is linked in");
        return ExitCode.Failed;
    }
}
