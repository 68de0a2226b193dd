using AnycastVip.Fuzz.Tests.Targets;

namespace AnycastVip.Fuzz.Tests;

/// <summary>Everything that reads what a stranger, a file or an operator may have written.</summary>
internal static class FuzzTargets
{
    /// <summary>New ones: a target keeps buffers and belongs to one thread.</summary>
    public static FuzzTarget[] All() =>
    [
        new FramerTarget(), new OpenTarget(), new UpdateTarget(), new ShortMessageTarget(), new SessionTarget(),
        new BfdPacketTarget(), new BfdSessionTarget(), new DiscoveryTarget(), new CaptureTarget(),
        new ConfigurationTarget(), new DrainFileTarget(), new ProxyHeaderTarget(), new ClientHelloTarget(),
    ];

    /// <summary>New ones of the same names.</summary>
    public static IEnumerable<FuzzTarget> Among(IReadOnlyList<FuzzTarget> targets) =>
        All().Where(target => targets.Any(each => each.Name == target.Name));
}
