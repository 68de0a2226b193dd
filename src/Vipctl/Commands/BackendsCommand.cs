using System.CommandLine;
using AnycastVip.Proto.V1;
using AnycastVip.Vipctl.Output;

namespace AnycastVip.Vipctl.Commands;

/// <summary><c>vipctl backends</c>.</summary>
internal static class BackendsCommand
{
    public static Command Create(GateCall gate)
    {
        var pool = Options.Name("pool", "only the backends of this pool", required: false);
        var watch = Options.Watch();
        var command = new Command("backends", "The backends, and why each is up or not.") { pool, watch };
        command.SetAction((arguments, cancellation) =>
        {
            var request = new ListBackendsRequest { Pool = arguments.GetRequiredValue(pool) };
            return arguments.GetValue(watch)
                ? gate.WatchAsync(
                    arguments, BackendView.View, (client, call) => client.WatchBackends(request, call), cancellation)
                : gate.ShowAsync(
                    arguments,
                    BackendView.View,
                    (client, call) => client.ListBackendsAsync(request, call),
                    cancellation);
        });
        return command;
    }
}
