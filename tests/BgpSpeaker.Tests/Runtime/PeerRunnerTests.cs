using AnycastVip.BgpSpeaker.Session;

namespace AnycastVip.BgpSpeaker.Tests.Runtime;

public sealed class PeerRunnerTests
{
    [Fact]
    public async Task A_question_that_fails_is_the_askers_and_costs_no_session()
    {
        await using var test = new TestSpeaker(TestSpeaker.Passive("127.8.0.1"));
        using var peer = await test.EstablishAsync("127.8.0.1");
        var runner = test.Speaker.Peers[0];
        var before = await runner.AskAsync(engine => engine.Status());

        await Assert.ThrowsAsync<FormatException>(
            () => runner.AskAsync<int>(_ => throw new FormatException("of the asker")));

        var after = await runner.AskAsync(engine => engine.Status());
        Assert.Equal(BgpState.Established, after.State);
        Assert.Equal(before.EstablishedAt, after.EstablishedAt);
    }
}
