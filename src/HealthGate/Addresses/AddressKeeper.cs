using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using AnycastVip.Netlink;

namespace AnycastVip.HealthGate.Addresses;

/// <summary>
/// Holds the VIP addresses on one interface, and sees when somebody else touches them. Its own are known by their mark
/// (<see cref="InterfaceAddress.OwnProtocol"/>), foreign ones are never touched. It does not put a lost address back:
/// the VIP is withdrawn first, and then <see cref="EnsureAsync"/> is called again. Safe for concurrent use.
/// </summary>
public sealed class AddressKeeper : IAsyncDisposable
{
    private const int DumpAttempts = 5;
    private const int MaxUnreadEvents = 1024;

    // errno values of Linux.
    private const int AlreadyExists = 17;
    private const int NoDevice = 19;
    private const int AddressNotAvailable = 99;

    // IFA_PROTO came with Linux 5.18; an older kernel would take the address and forget the mark.
    private static readonly Version OldestKernel = new(5, 18);

    private readonly string _interfaceName;
    private readonly NetlinkSocket _requests;
    private readonly NetlinkSocket _notifications;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    // Holder: the one that talks over _requests and changes the fields below.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private HashSet<IPAddress> _wanted = [];
    private int? _interfaceIndex;
    private Dictionary<IPAddress, string> _failures = [];
    private volatile Dictionary<IPAddress, AddressStatus> _statuses = [];

    // What is dropped when nobody reads is the oldest, so a reader that wakes up finds an event after the last change
    // of Statuses.
    private readonly Channel<AddressEvent> _events = Channel.CreateBounded<AddressEvent>(
        new BoundedChannelOptions(MaxUnreadEvents) { FullMode = BoundedChannelFullMode.DropOldest });

    private AddressKeeper(string interfaceName, NetlinkSocket requests, NetlinkSocket notifications)
    {
        _interfaceName = interfaceName;
        _requests = requests;
        _notifications = notifications;
        _watching = WatchAsync();
    }

    /// <summary>
    /// Opens the sockets, in the network namespace of the calling thread, and begins to watch. Changes no address.
    /// </summary>
    /// <param name="interfaceName">The interface for the addresses.</param>
    /// <param name="notificationBufferOctets">The notifications kept for a slow reader; null: the system's default.
    /// </param>
    /// <exception cref="PlatformNotSupportedException">The kernel is older than 5.18.</exception>
    /// <exception cref="SocketException">The system refuses netlink sockets.</exception>
    public static AddressKeeper Open(string interfaceName = "lo", int? notificationBufferOctets = null)
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < OldestKernel)
            throw new PlatformNotSupportedException(
                $"VIP addresses need Linux {OldestKernel} or newer: this one keeps no mark on addresses (IFA_PROTO)");
        var requests = NetlinkSocket.Open(groups: 0);
        try
        {
            var notifications = NetlinkSocket.Open(AddressMessages.AddressGroups);
            if (notificationBufferOctets is { } octets)
                notifications.ReceiveBufferOctets = octets;
            return new AddressKeeper(interfaceName, requests, notifications);
        }
        catch
        {
            requests.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What happened, oldest first, for one reader. At most 1024 are kept unread. Ends when the keeper is disposed, and
    /// with an exception if it cannot watch any more.
    /// </summary>
    public ChannelReader<AddressEvent> Events => _events.Reader;

    /// <summary>How the wanted addresses of the last <see cref="EnsureAsync"/> stand now.</summary>
    public IReadOnlyCollection<AddressStatus> Statuses => _statuses.Values;

    /// <summary>
    /// Makes the interface hold exactly these addresses of ours: adds, adopts, removes. What cannot be done is
    /// told in the answer and does not hinder the rest. Calling it again changes nothing, or tries again what failed.
    /// </summary>
    /// <param name="wanted">IPv4 and IPv6 addresses, announced or about to be.</param>
    /// <param name="cancel">Stops between two addresses.</param>
    /// <returns>How each wanted address stands.</returns>
    /// <exception cref="SocketException">Netlink itself failed; nothing is known of the rest.</exception>
    public async Task<IReadOnlyCollection<AddressStatus>> EnsureAsync(
        IReadOnlySet<IPAddress> wanted, CancellationToken cancel = default)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            _wanted = [.. wanted];
            var done = new List<AddressEvent>();
            var present = await SurveyAsync(cancel);
            if (_interfaceIndex is { } index)
                foreach (var action in AddressPlan.For(_wanted, present, index))
                    if (await ApplyAsync(action, index, cancel) is { } result)
                        done.Add(result);
            // A failure that is tried again and again is told once.
            var news = done.Where(result => _failures.GetValueOrDefault(result.Address) != result.Text).ToList();
            _failures = done.Where(result => result.Kind == AddressEventKind.Failed)
                .ToDictionary(result => result.Address, result => result.Text);
            await SettleAsync(await SurveyAsync(cancel), news, cancel);
            return Statuses;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Stops watching. The addresses stay: the next run adopts them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _requests.Dispose();
        _notifications.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
                await ObserveAsync(await NotificationsAsync());
        }
        catch (OperationCanceledException)
        {
            _events.Writer.TryComplete();
        }
        catch (SocketException e)
        {
            _events.Writer.TryComplete(e);
        }
    }

    /// <summary>The next notifications; null when the kernel had to drop some.</summary>
    private async Task<IReadOnlyList<NetlinkMessage>?> NotificationsAsync()
    {
        try
        {
            return await _notifications.ReceiveAsync(_stop.Token);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.NoBufferSpaceAvailable)
        {
            _notifications.Drain();
            return null;
        }
    }

    // A notification only says that it is worth to look: the truth is always a dump, so order and loss do not matter.
    private async Task ObserveAsync(IReadOnlyList<NetlinkMessage>? notifications)
    {
        await _turn.WaitAsync(_stop.Token);
        try
        {
            if (notifications is null || notifications.Any(IsNews))
                await SettleAsync(await SurveyAsync(_stop.Token), [], _stop.Token);
        }
        finally
        {
            _turn.Release();
        }
    }

    private bool IsNews(NetlinkMessage notification)
    {
        if (AddressMessages.ReadAddress(notification) is not { } address
            || !_statuses.TryGetValue(address.Address, out var status))
            return false;
        return notification.Type == AddressMessages.DeleteAddress
            ? status.State != AddressState.Missing
            : status.State != AddressState.Present || !(_interfaceIndex is { } index && address.IsOwn(index));
    }

    /// <returns>Added, Removed or Failed; null when there was nothing to do.</returns>
    private async Task<AddressEvent?> ApplyAsync(AddressAction action, int index, CancellationToken cancel)
    {
        var address = action.Address;
        (string Verb, AddressEventKind Kind, Func<uint, byte[]> Build)? change = action switch
        {
            AddressAction.Add =>
                ("add", AddressEventKind.Added, number => AddressMessages.Add(number, index, address)),
            AddressAction.Remove =>
                ("remove", AddressEventKind.Removed, number => AddressMessages.Remove(number, index, address)),
            _ => null,
        };
        if (change is not var (verb, kind, build))
            return null;
        var answer = await _requests.AskAsync(build, cancel);
        return answer.ErrorNumber switch
        {
            0 => new AddressEvent(kind, address, $"{address}: {kind} on {_interfaceName}"),
            // Somebody else was faster; the survey that follows tells who.
            AlreadyExists when kind == AddressEventKind.Added => null,
            AddressNotAvailable when kind == AddressEventKind.Removed => null,
            var error => new AddressEvent(AddressEventKind.Failed, address,
                AddressText.Failure(verb, address, _interfaceName, error, answer.ErrorText)),
        };
    }

    /// <summary>Judges the wanted addresses anew; then tells what was done and what that does not explain.</summary>
    private async Task SettleAsync(
        IReadOnlyList<InterfaceAddress> present, IReadOnlyList<AddressEvent> done, CancellationToken cancel)
    {
        var statuses = new Dictionary<IPAddress, AddressStatus>();
        // No interface has the index 0.
        foreach (var action in AddressPlan.For(_wanted, present, _interfaceIndex ?? 0))
            if (await StatusAsync(action, cancel) is { } status)
                statuses[status.Address] = status;
        var before = _statuses;
        _statuses = statuses;
        foreach (var result in done)
            _events.Writer.TryWrite(result);
        foreach (var status in statuses.Values)
        {
            var kind = Transition(before.GetValueOrDefault(status.Address)?.State, status.State);
            var isTold = done.Any(result => result.Address.Equals(status.Address))
                && kind is AddressEventKind.Adopted or AddressEventKind.Failed;
            if (kind is { } happened && !isTold)
                _events.Writer.TryWrite(new AddressEvent(happened, status.Address,
                    status.Reason.Length > 0 ? status.Reason : $"{status.Address}: {happened} on {_interfaceName}"));
        }
    }

    private static AddressEventKind? Transition(AddressState? before, AddressState now) => (before, now) switch
    {
        var (old, current) when old == current => null,
        (_, AddressState.Present) => AddressEventKind.Adopted,
        (_, AddressState.Foreign) => AddressEventKind.Foreign,
        (AddressState.Present, _) => AddressEventKind.Lost,
        (AddressState.Foreign, _) => AddressEventKind.Freed,
        _ => AddressEventKind.Failed,
    };

    private async Task<AddressStatus?> StatusAsync(AddressAction action, CancellationToken cancel)
    {
        var address = action.Address;
        switch (action)
        {
            case AddressAction.Keep:
                return new AddressStatus(address, AddressState.Present, "");
            case AddressAction.Refuse { Holder: var holder }:
                var name = await InterfaceNameAsync(holder.InterfaceIndex, cancel);
                return new AddressStatus(address, AddressState.Foreign, AddressText.Foreign(holder, name));
            case AddressAction.Add:
                return new AddressStatus(address, AddressState.Missing, ReasonOfAbsence(address));
            default:
                return null;
        }
    }

    private string ReasonOfAbsence(IPAddress address) =>
        _interfaceIndex is null ? AddressText.NoInterface(_interfaceName)
        : _failures.TryGetValue(address, out var failure) ? failure
        : _statuses.GetValueOrDefault(address) is not { } before ? AddressText.Absent(address, _interfaceName)
        : before.State switch
        {
            AddressState.Present => AddressText.Lost(address, _interfaceName),
            AddressState.Foreign => AddressText.Absent(address, _interfaceName),
            _ => before.Reason,
        };

    /// <summary>Finds the interface anew, for it may have been made anew, and asks for all addresses.</summary>
    private async Task<IReadOnlyList<InterfaceAddress>> SurveyAsync(CancellationToken cancel)
    {
        var link = await _requests.AskAsync(number => AddressMessages.FindLink(number, _interfaceName), cancel);
        if (link.ErrorNumber is not (0 or NoDevice))
            throw new SocketException(link.ErrorNumber);
        _interfaceIndex = link.Messages.Select(AddressMessages.ReadLink).FirstOrDefault()?.Index;
        NetlinkAnswer dump;
        var attempts = 0;
        do
        {
            dump = await _requests.AskAsync(AddressMessages.Dump, cancel);
            if (dump.ErrorNumber != 0)
                throw new SocketException(dump.ErrorNumber);
        }
        while (dump.IsInterrupted && ++attempts < DumpAttempts);
        return [.. dump.Messages.Select(AddressMessages.ReadAddress).OfType<InterfaceAddress>()];
    }

    private async Task<string> InterfaceNameAsync(int index, CancellationToken cancel)
    {
        var link = await _requests.AskAsync(number => AddressMessages.FindLink(number, index), cancel);
        return link.Messages.Select(AddressMessages.ReadLink).FirstOrDefault()?.Name ?? $"interface {index}";
    }
}
