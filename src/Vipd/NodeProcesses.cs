using AnycastVip.Vipd.Commands;

namespace AnycastVip.Vipd;

/// <summary>The processes of a node.</summary>
internal static class NodeProcesses
{
    /// <summary>The commands that run them.</summary>
    public static readonly IReadOnlyList<ProcessCommand> Commands =
    [
        new("speaker", "Hold the BGP sessions and announce what live leases ask for.", SpeakerProcess.RunAsync),
        new("gate", "Judge the health of backends and VIPs, and decide what is announced.", GateProcess.RunAsync),
        new("proxy", "Carry clients' connections to the backends that the gate names.", ProxyProcess.RunAsync)
        {
            CanReplace = true,
        },
        new("run", "Start the processes of the node and keep them running.", RunProcess.RunAsync),
    ];
}
