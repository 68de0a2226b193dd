using AnycastVip.Proxy.Engine;

namespace AnycastVip.Proxy.Tests;

public sealed class ObservationQueueTests
{
    [Fact]
    public void Observations_come_out_in_their_order()
    {
        var queue = new ObservationQueue(4);
        for (var round = 0; round < 5; round++)
        {
            queue.Write(Failure(round));
            queue.Write(Failure(round + 100));
            Assert.Equal([round, round + 100], Drain(queue));
        }
        Assert.Equal(0, queue.Dropped);
    }

    [Fact]
    public void What_finds_no_room_is_counted()
    {
        var queue = new ObservationQueue(4);
        for (var i = 0; i < 7; i++)
            queue.Write(Failure(i));
        Assert.Equal([0, 1, 2, 3], Drain(queue));
        Assert.Equal(3, queue.Dropped);
    }

    [Fact]
    public void Successes_leave_half_of_the_room_to_failures()
    {
        var queue = new ObservationQueue(8);
        for (var i = 0; i < 8; i++)
            queue.Write(Failure(i) with { Kind = ObservationKind.Connected });
        for (var i = 100; i < 104; i++)
            queue.Write(Failure(i));
        Assert.Equal([0, 1, 2, 3, 100, 101, 102, 103], Drain(queue));
        Assert.Equal(4, queue.Dropped);
    }

    [Fact]
    public async Task A_failure_wakes_the_reader_and_a_success_does_not()
    {
        var queue = new ObservationQueue(8);
        var wait = queue.WaitAsync(Rig.Cancellation).AsTask();
        queue.Write(Failure(1) with { Kind = ObservationKind.Connected });
        Assert.False(wait.IsCompleted);
        queue.Write(Failure(2));
        await wait.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        Assert.Equal([1, 2], Drain(queue));
    }

    [Fact]
    public async Task Successes_wake_the_reader_before_they_fill_their_room()
    {
        var queue = new ObservationQueue(16);
        var wait = queue.WaitAsync(Rig.Cancellation).AsTask();
        for (var i = 0; i < 3; i++)
            queue.Write(Failure(i) with { Kind = ObservationKind.Connected });
        Assert.False(wait.IsCompleted);
        queue.Write(Failure(3) with { Kind = ObservationKind.Connected });
        await wait.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        Assert.Equal([0, 1, 2, 3], Drain(queue));
    }

    [Fact]
    public async Task A_failure_before_the_wait_ends_it_at_once()
    {
        var queue = new ObservationQueue(8);
        queue.Write(Failure(1));
        Assert.True(queue.WaitAsync(Rig.Cancellation).AsTask().IsCompletedSuccessfully);
        var wait = queue.WaitAsync(Rig.Cancellation).AsTask();
        Assert.False(wait.IsCompleted);
        queue.Wake();
        await wait.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
    }

    [Fact]
    public async Task A_wait_that_was_given_up_does_not_disturb_the_next_one()
    {
        var queue = new ObservationQueue(8);
        using var givenUp = new CancellationTokenSource();
        var first = queue.WaitAsync(givenUp.Token).AsTask();
        await givenUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var next = queue.WaitAsync(Rig.Cancellation).AsTask();
        queue.Write(Failure(1));
        await next.WaitAsync(Rig.Patience, TimeProvider.System, Rig.Cancellation);
        Assert.Equal([1], Drain(queue));
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_between_many_writers_and_a_reader()
    {
        const int writers = 4, each = 5000;
        var queue = new ObservationQueue(64);
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(
            () =>
            {
                for (var i = 0; i < each; i++)
                    queue.Write(Failure(writer * each + i));
            },
            Rig.Cancellation)));
        var seen = new List<int>();
        while (!writing.IsCompleted)
        {
            seen.AddRange(Drain(queue));
            await Task.Yield();
        }
        await writing;
        seen.AddRange(Drain(queue));
        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(writers * each, seen.Count + queue.Dropped);
        for (var writer = 0; writer < writers; writer++)
        {
            var own = seen.Where(number => number / each == writer).ToList();
            Assert.Equal(own.Order(), own);
        }
    }

    private static Observation Failure(int number) =>
        new(ObservationKind.Refused, "p", "b", 0, 0, TimeSpan.Zero, number);

    private static List<int> Drain(ObservationQueue queue)
    {
        var numbers = new List<int>();
        while (queue.TryRead(out var observation))
            numbers.Add(observation.Errno);
        return numbers;
    }
}
