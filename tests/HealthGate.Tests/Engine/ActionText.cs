using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;

namespace AnycastVip.HealthGate.Tests.Engine;

/// <summary>An action in one short line, for assertions on whole lists.</summary>
internal static class ActionText
{
    public static string Of(GateAction action) => action switch
    {
        StartCheck start => $"start {start.Id} at {start.Target}{(start.OnLoopback ? " on lo" : "")}",
        StopCheck stop => $"stop {stop.Id}",
        TellCheck { Input: TargetFailed failed } told => $"fail {told.Id} epoch {failed.Epoch}",
        TellCheck told => $"hurry {told.Id}",
        VerifyBackend verify => $"verify {verify.Pool}/{verify.Backend} generation {verify.Generation}",
        EnsureAddresses order => $"addresses {order.Revision}: {string.Join(' ', order.Addresses)}".TrimEnd(),
        SendTable table => $"table {table.Revision}: {Of(table)}",
        CountVipConnections count => $"count {Of(count.Selector)}",
        CloseVipConnections { Window.Length: var time } close when time > TimeSpan.Zero =>
            $"close {Of(close.Selector)} within {time.TotalSeconds} s",
        CloseVipConnections close => $"close {Of(close.Selector)} {(close.StrandedSince is null ? "all" : "stranded")}",
        Declare declare => $"declare {declare.Revision}: {string.Join(", ", declare.Declarations.Select(Of))}",
        _ => $"{action}",
    };

    private static string Of(ConnectionSelector selector) =>
        selector.Vip.Length > 0 ? selector.Vip : $"{selector.Pool}/{selector.Backend}";

    private static string Of(SendTable table)
    {
        var listeners = table.Listeners.Select(listener => $"{listener.Address}:{listener.Options.Port}");
        var backends = table.Pools.SelectMany(pool => pool.Backends)
            .Select(backend => $"{backend.Options.Name}={backend.Directive}");
        return string.Join(' ', listeners.Concat(backends));
    }

    private static string Of(Declaration declaration) =>
        $"{declaration.Name}={declaration.What} {string.Join('+', declaration.Prefixes)}".TrimEnd();
}
