using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Runtime;
using AnycastVip.HealthGate.Tests.Drain;
using Microsoft.Extensions.Logging.Abstractions;

namespace AnycastVip.HealthGate.Tests.Runtime;

public sealed class EventLogTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("events").FullName;

    private string NewerFile => Path.Combine(_directory, "events.jsonl");

    private string OlderFile => NewerFile + ".1";

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_later_gate_finds_every_event_again_and_goes_on_counting()
    {
        var first = new LoggedEvent(
            1, Noon, Severity.Warning, EventKind.Backend, "backend web/s1", "down: umlaut ä, quote \", new\nline", 0);
        var second = new LoggedEvent(2, Noon.AddSeconds(1), Severity.Error, EventKind.Vip, "vip web", "down", 1);
        await using (var log = Open())
        {
            Assert.Equal(0UL, log.LastId);
            log.Append(first);
            log.Append(second);
        }

        await using var later = Open();

        Assert.Equal(2UL, later.LastId);
        Assert.Equal([first, second], later.Read(new()).Events);
        Assert.Equal(2, File.ReadAllLines(NewerFile).Length);
    }

    [Fact]
    public async Task A_torn_last_line_of_any_length_costs_that_event_alone()
    {
        await using (var log = Open())
            Append(log, 1, 2);
        var whole = await File.ReadAllBytesAsync(NewerFile, Cancel);
        var start = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = start; length < whole.Length; length++)
        {
            await File.WriteAllBytesAsync(NewerFile, whole[..length], Cancel);
            await using (var log = Open())
            {
                Assert.Equal([1UL], Ids(log.Read(new())));
                Append(log, 7);
            }
            await using var later = Open();
            Assert.Equal([1UL, 7UL], Ids(later.Read(new())));
        }
    }

    [Fact]
    public async Task What_is_no_event_is_passed_over()
    {
        await using (var log = Open())
            Append(log, 1);
        await File.AppendAllTextAsync(NewerFile, "null\n{}\n{\"id\":9}\nno json\n\n", Cancel);

        await using (var log = Open())
            Append(log, 2);

        await using var later = Open();
        Assert.Equal([1UL, 2UL], Ids(later.Read(new())));
    }

    [Fact]
    public async Task The_files_are_bounded_and_hold_the_newest_events()
    {
        var text = new string('x', 10_000);
        await using (var log = Open())
            for (var id = 1UL; id <= 1500; id++)
                log.Append(Event(id) with { Text = text });

        Assert.InRange(new FileInfo(OlderFile).Length, 1, EventFile.MaximumOctets);
        Assert.InRange(new FileInfo(NewerFile).Length, 1, EventFile.MaximumOctets);
        await using var later = Open();
        var ids = Ids(later.Read(new() { Limit = 10_000 }));
        Assert.Equal(1500UL, ids[^1]);
        Assert.Equal(Enumerable.Range(0, ids.Count).Select(index => ids[0] + (ulong)index), ids);
        Assert.True(ids.Count > 400, $"{ids.Count}");
    }

    [Fact]
    public async Task A_full_disk_costs_lines_of_the_file_loudly_and_nothing_else()
    {
        using var disk = TinyDisk.Mount(_directory);
        await using (var log = Open())
        {
            Append(log, 1);
            await Poll.Until(
                () => new FileInfo(NewerFile), file => file is { Exists: true, Length: > 0 }, Patience,
                "the event is written");
            disk.Fill();
            log.Append(Event(2) with { Text = new string('x', 10_000) });
            await Poll.Until(
                () => log.WriteError, error => error is not null, Patience, "the disk is known to be full");

            Assert.Contains("free disk space", log.WriteError, Ordinal);
            Assert.Equal([1UL, 2UL], Ids(log.Read(new())));

            disk.Free();
            Append(log, 3);
            await Poll.Until(() => log.WriteError, error => error is null, Patience, "events are saved again");
        }
        await using var later = Open();
        Assert.Equal([1UL, 3UL], Ids(later.Read(new())));
        Assert.Equal(1UL, later.Read(new()).Lost);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_keeps_no_gate_from_starting()
    {
        Directory.CreateDirectory(NewerFile);
        Directory.CreateDirectory(OlderFile);

        await using var log = Open();
        Append(log, 1);

        Assert.Equal([1UL], Ids(log.Read(new())));
        await Poll.Until(() => log.WriteError, error => error is not null, Patience, "the fault is told");
    }

    [Theory]
    [InlineData(0, "", Severity.Info, 100, "1 2 3 4 5 6")]
    [InlineData(0, "", Severity.Info, 2, "5 6")]
    [InlineData(4, "", Severity.Info, 100, "5 6")]
    [InlineData(6, "", Severity.Info, 100, "")]
    [InlineData(99, "", Severity.Info, 100, "")]
    [InlineData(0, "vip 1", Severity.Info, 100, "1 3 5")]
    [InlineData(0, "vip 1", Severity.Warning, 100, "1 5")]
    [InlineData(0, "vip", Severity.Info, 100, "")]
    [InlineData(0, "", Severity.Error, 100, "2 5")]
    [InlineData(0, "", Severity.Warning, 1, "5")]
    public async Task A_query_gives_the_newest_of_what_it_asks_for(
        ulong after, string subject, Severity severity, int limit, string expected)
    {
        await using var log = Open();
        for (var id = 1UL; id <= 6; id++)
            log.Append(Event(id) with { Severity = (Severity)(id % 3), Subject = $"vip {id % 2}" });

        var page = log.Read(new() { AfterId = after, Subject = subject, MinSeverity = severity, Limit = limit });

        Assert.Equal(expected, string.Join(' ', Ids(page)));
        Assert.Equal(0UL, page.Lost);
    }

    [Fact]
    public async Task Events_that_memory_has_no_room_for_are_told_as_lost()
    {
        await using var log = Open();
        for (var id = 1UL; id <= EventLog.MaximumKept + 5; id++)
            log.Append(Event(id));

        Assert.Equal(5UL, log.Read(new()).Lost);
        Assert.Equal(3UL, log.Read(new() { AfterId = 2 }).Lost);
        Assert.Equal(0UL, log.Read(new() { AfterId = 5 }).Lost);
        Assert.Equal(6UL, log.Read(new() { Limit = 10_000 }).Events[0].Id);
    }

    [Fact]
    public async Task A_follower_gets_what_was_and_then_each_wanted_event_until_the_log_is_closed()
    {
        var log = Open();
        Append(log, 1);
        using var follower = log.Follow(new() { MinSeverity = Severity.Warning });

        log.Append(Event(2) with { Severity = Severity.Error });
        log.Append(Event(3));
        log.Append(Event(4) with { Severity = Severity.Warning });
        await log.DisposeAsync();

        Assert.Empty(follower.First.Events);
        var followed = await follower.Events.ReadAllAsync(Cancel).Select(happened => happened.Id).ToListAsync(Cancel);
        Assert.Equal([2UL, 4UL], followed);
        Assert.Equal(0UL, follower.TakeLost());
    }

    [Fact]
    public async Task A_follower_that_does_not_read_loses_the_oldest_events_and_is_told_how_many()
    {
        await using var log = Open();
        using var follower = log.Follow(new());
        using (log.Follow(new()))
            for (var id = 1UL; id <= EventFollower.MaximumUnread + 3; id++)
                log.Append(Event(id));

        Assert.Equal(3UL, follower.TakeLost());
        Assert.Equal(0UL, follower.TakeLost());
        Assert.True(follower.Events.TryRead(out var oldest));
        Assert.Equal(4UL, oldest.Id);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static IReadOnlyList<ulong> Ids(EventPage page) => [.. page.Events.Select(happened => happened.Id)];

    private static LoggedEvent Event(ulong id) =>
        new(id, Noon, Severity.Info, EventKind.Vip, "vip web", "up", id - 1);

    private static void Append(EventLog log, params ulong[] ids)
    {
        foreach (var id in ids)
            log.Append(Event(id));
    }

    private EventLog Open() => EventLog.Open(_directory, NullLogger.Instance);
}
