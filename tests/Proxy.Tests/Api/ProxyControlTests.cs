using AnycastVip.Proxy.Api;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests.Api;

public sealed class ProxyControlTests
{
    // A stop that came while observations were read was not noticed: the reader went round for ever.
    [Fact]
    public async Task A_control_that_ends_in_the_midst_of_observations_ends()
    {
        using var rig = new Rig(observations: 16);
        for (var i = 0; i < 300; i++)
        {
            var control = new ProxyControl(rig.Engine, TimeProvider.System);
            var ending = Task.Run(async () => await control.DisposeAsync(), Rig.Cancellation);
            while (!ending.IsCompleted && rig.Engine.Observations.Dropped < (i + 1) * 10_000)
                rig.Engine.Observations.Write(new(ObservationKind.Refused, "p", "b", 0, 0, TimeSpan.Zero, 0));
            await ending.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        }
    }
}
