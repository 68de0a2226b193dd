using System.Diagnostics;
using System.Globalization;
using AnycastVip.Vipd.Supervision;
using AnycastVip.Vipd.Tests.Configuration;

namespace AnycastVip.Vipd.Tests.Supervision;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly LogLines _log = new();

    [Fact]
    public async Task Each_state_is_one_datagram_on_the_socket_of_the_path()
    {
        var path = Path.Combine(_directory.FullName, "notify");
        using var systemd = new NotifySocket(path);
        var notifier = new SystemdNotifier(path, _log);

        notifier.Ready();
        notifier.Stopping();

        Assert.Equal("READY=1", await systemd.ReceiveAsync());
        Assert.Equal("STOPPING=1", await systemd.ReceiveAsync());
    }

    [Fact]
    public async Task A_name_after_an_at_sign_is_in_the_abstract_namespace()
    {
        var name = _directory.FullName;
        using var systemd = new NotifySocket($"\0{name}");

        new SystemdNotifier($"@{name}", _log).Ready();

        Assert.Equal("READY=1", await systemd.ReceiveAsync());
    }

    [Fact]
    public async Task A_reload_carries_the_monotonic_clock_in_microseconds()
    {
        var path = Path.Combine(_directory.FullName, "notify");
        using var systemd = new NotifySocket(path);
        var before = MonotonicMicroseconds();

        new SystemdNotifier(path, _log).Reloading();

        var told = await systemd.ReceiveAsync();
        const string Prefix = "RELOADING=1\nMONOTONIC_USEC=";
        Assert.StartsWith(Prefix, told);
        Assert.InRange(
            long.Parse(told[Prefix.Length..], CultureInfo.InvariantCulture), before, MonotonicMicroseconds());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Nobody_is_told_where_nobody_listens(string? address)
    {
        new SystemdNotifier(address, _log).Ready();

        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void What_cannot_be_told_is_logged_and_harms_nothing()
    {
        new SystemdNotifier(Path.Combine(_directory.FullName, "gone"), _log).Ready();

        Assert.StartsWith("systemd cannot be notified on ", Assert.Single(_log.Lines));
    }

    public void Dispose() => _directory.Dispose();

    private static long MonotonicMicroseconds() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
}
