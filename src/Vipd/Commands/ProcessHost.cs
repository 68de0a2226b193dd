using System.Threading.Channels;

namespace AnycastVip.Vipd.Commands;

/// <summary>The wish to have the configuration file read again (SIGHUP).</summary>
internal readonly record struct ReloadRequest;

/// <summary>The wish to have the proxy replaced by another process (SIGUSR2).</summary>
internal readonly record struct ReplaceOrder;

/// <summary>What a process of the node is told from outside while it runs.</summary>
/// <param name="ConfigurationPath">Where its configuration was read, and is read again by a reload.</param>
/// <param name="Reloads">One item for each SIGHUP, but several that came before they were read count as one.</param>
/// <param name="Stop">Cancelled when it is to stop in its order: SIGTERM, SIGINT, and SIGQUIT too.</param>
/// <param name="Leave">
/// Cancelled before <paramref name="Stop"/> when it is to end at once, in favour of a successor (SIGQUIT): the gate
/// does not drain, its lease bridges the gap; the speaker does not withdraw where graceful restart bridges it. To the
/// proxy it is a stop like any other.
/// </param>
internal sealed record ProcessHost(
    string ConfigurationPath, ChannelReader<ReloadRequest> Reloads, CancellationToken Stop, CancellationToken Leave)
{
    /// <summary>One item for each SIGUSR2, but several that came before they were read count as one.</summary>
    public ChannelReader<ReplaceOrder> Replacements { get; init; } = Channel.CreateBounded<ReplaceOrder>(1);

    /// <summary>Another process of the kind may run: this one is to take over from it.</summary>
    public bool Replaces { get; init; }

    /// <summary>Answers each reload until <see cref="Stop"/>; one that has begun is finished.</summary>
    public async Task WaitForStopAsync(Func<Task> reload)
    {
        try
        {
            await foreach (var _ in Reloads.ReadAllAsync(Stop))
                await reload();
        }
        catch (OperationCanceledException) when (Stop.IsCancellationRequested)
        {
            // That is what was awaited.
        }
    }
}
