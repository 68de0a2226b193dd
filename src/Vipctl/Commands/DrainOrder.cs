using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;
using Grpc.Core;

namespace AnycastVip.Vipctl.Commands;

/// <summary>An order to the gate that is answered with progress: a drain or an undrain.</summary>
/// <param name="Target">What it is about.</param>
/// <param name="Call">Gives it.</param>
internal sealed record DrainOrder(
    DrainTarget Target,
    Func<GateService.GateServiceClient, CallOptions, AsyncServerStreamingCall<DrainProgress>> Call)
{
    /// <summary>Whether it takes out of service, or puts back.</summary>
    public required bool IsDrain { get; init; }

    /// <summary>Changes nothing: the only answer is the plan.</summary>
    public required bool IsDryRun { get; init; }

    /// <summary>Whether to stay until it is done.</summary>
    public required bool Waits { get; init; }

    /// <summary>How long to stay; null: until it is done.</summary>
    public required TimeSpan? WaitLimit { get; init; }

    /// <summary>"node", "vip web", "backend web/s1".</summary>
    public string Name => DrainText.Target(Target);

    /// <summary>What an order means that could not be saved.</summary>
    public string Unsaved => IsDrain
        ? "in force but NOT SAVED, so that a restart would end it"
        : "taken back but NOT SAVED, so that a restart would drain again";

    /// <summary>What remains true whatever becomes of the wait.</summary>
    public string Standing => IsDrain
        ? $"the drain of {Name} stays in force; 'vipctl drains' shows it, 'vipctl undrain {Name}' takes it back"
        : $"the drain of {Name} is taken back; 'vipctl status' shows how it goes on";
}
