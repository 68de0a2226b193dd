using AnycastVip.HealthGate.Links;

namespace AnycastVip.HealthGate.Tests.Links;

public sealed class OutboxTests
{
    private readonly Outbox<string> _outbox = new("heartbeat");

    [Fact]
    public async Task The_newest_state_comes_first_then_orders_in_turn_then_one_heartbeat()
    {
        _outbox.Beat();
        _outbox.Add("one");
        _outbox.Replace("old");
        _outbox.Add("two");
        _outbox.Beat();
        _outbox.Replace("new");
        _outbox.Complete();

        Assert.Equal(["new", "one", "two", "heartbeat"], await ReadAll());
    }

    [Fact]
    public async Task What_comes_while_the_reader_waits_is_taken_at_once_by_whoever_brings_it()
    {
        var thread = 0;
        var reading = ReadOne();

        _outbox.Replace("state");

        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        await reading;

        async Task ReadOne()
        {
            await foreach (var _ in _outbox.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                thread = Environment.CurrentManagedThreadId;
                return;
            }
        }
    }

    [Fact]
    public async Task Too_many_orders_give_the_stream_up()
    {
        for (var order = 0; order < Outbox<string>.MaximumWaiting; order++)
            _outbox.Add($"{order}");
        Assert.False(_outbox.Abandoned.IsCompleted);

        _outbox.Add("one too many");

        Assert.Contains("were not taken", await _outbox.Abandoned, Ordinal);
        _outbox.Complete();
        Assert.Equal(Outbox<string>.MaximumWaiting, (await ReadAll()).Count);
    }

    [Fact]
    public async Task The_first_reason_for_giving_up_counts()
    {
        _outbox.Abandon("first");
        _outbox.Abandon("second");

        Assert.Equal("first", await _outbox.Abandoned);
    }

    private async Task<List<string>> ReadAll() =>
        await _outbox.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync();
}
