using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using AnycastVip.BgpSpeaker.Bfd;
using Microsoft.Extensions.Logging;

namespace AnycastVip.BgpSpeaker.Runtime.Bfd;

/// <summary>
/// The thread that runs all sessions: it reads, judges, sends, and sleeps in the kernel until the next deadline. It
/// waits for no lock, no other thread and no timer of the runtime, and allocates nothing for a packet; a collection
/// that stops it makes it late, and the kernel's time stamps then tell what came in time (<see cref="BfdFsm"/>).
/// </summary>
internal sealed unsafe partial class BfdThread
{
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);
    private static readonly TimeSpan AfterBug = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly List<BfdRunningSession> _sessions = [];
    private readonly List<BfdReceiver> _receivers = [];
    private readonly List<IPAddress> _addresses = [];
    private readonly StampClock _stamps = new(Now, BfdKernel.WallClock);
    private readonly BfdDemultiplexer _demultiplexer;
    private readonly ILogger _log;
    private readonly int _wake;
    private BfdKernel.PollRequest* _requests;
    private readonly Lock _gate = new();
    private Action? _whenSilent;
    private bool _isEnding;
    private bool _hasEnded;

    /// <param name="secret">See <see cref="BfdDemultiplexer"/>.</param>
    /// <param name="log">For what an operator should know about the thread.</param>
    public BfdThread(ulong secret, ILogger log)
    {
        _demultiplexer = new(secret);
        _log = log;
        _wake = BfdKernel.OpenEvent();
    }

    /// <summary>Packets that were for no session, or that no session may take.</summary>
    public long Discarded { get; private set; }

    /// <summary>The sessions; on the thread only.</summary>
    public IReadOnlyList<BfdRunningSession> Sessions => _sessions;

    /// <summary>Starts the thread and waits until its sockets are open.</summary>
    public void Start()
    {
        using var started = new ManualResetEventSlim();
        new Thread(() => Run(started), maxStackSize: 256 * 1024) { IsBackground = true, Name = "bfd" }.Start();
        started.Wait();
    }

    /// <summary>Has the thread do something, between two packets; done at once where the thread has ended.</summary>
    public void Post(Action command)
    {
        lock (_gate)
        {
            if (_hasEnded)
            {
                command();
                return;
            }
            _commands.Enqueue(command);
            BfdKernel.SignalEvent(_wake);
        }
    }

    /// <summary>Has something done as soon as no session is left; on the thread only.</summary>
    public void WhenSilent(Action then) => _whenSilent = then;

    /// <summary>Takes up a session; on the thread only.</summary>
    public BfdRunningSession Add(BfdTarget target, Action<BfdReport> tell)
    {
        var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        var localDiscr = _demultiplexer.Add(target.Name, target.Path);
        var session = new BfdRunningSession(target, localDiscr, seed, tell, Now());
        _sessions.Add(session);
        RememberAddresses();
        return session;
    }

    /// <summary>Lets a session go; on the thread only.</summary>
    public void Remove(BfdRunningSession session)
    {
        _sessions.Remove(session);
        _demultiplexer.Remove(session.LocalDiscr);
        session.Dispose();
        RememberAddresses();
    }

    /// <summary>Ends the thread, without a word to the remote systems; on the thread only.</summary>
    public void End() => _isEnding = true;

    private static TimeSpan Now() => BootClock.Instance.Now();

    private void Run(ManualResetEventSlim started)
    {
        OpenReceivers();
        var isRaised = BfdKernel.RaisePriority(out var refusal);
        if (refusal.Length > 0)
            LogPriority(_log, refusal, isRaised ? "the highest nice value is in force" : "it runs as any other thread");
        started.Set();
        while (!_isEnding)
        {
            try
            {
                Turn();
            }
            catch (Exception bug)
            {
                // A bug must not end the process and with it every BGP session.
                LogBug(_log, bug);
                Sleep(AfterBug, descriptors: 1);
            }
        }
        Close();
    }

    private void Close()
    {
        foreach (var session in _sessions)
            session.Dispose();
        foreach (var receiver in _receivers)
            receiver.Dispose();
        NativeMemory.Free(_requests);
        lock (_gate)
        {
            _hasEnded = true;
            RunCommands();
            BfdKernel.CloseDescriptor(_wake);
        }
    }

    private void OpenReceivers()
    {
        foreach (var family in (ReadOnlySpan<AddressFamily>)[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            foreach (var isMultihop in (ReadOnlySpan<bool>)[false, true])
            {
                try
                {
                    _receivers.Add(BfdReceiver.Open(family, isMultihop));
                }
                catch (SocketException error)
                {
                    var port = isMultihop ? BfdPath.MultihopPort : BfdPath.SingleHopPort;
                    LogCannotReceive(_log, family, port, SocketErrorText.For(error.SocketErrorCode));
                }
            }
        }
        _requests = (BfdKernel.PollRequest*)NativeMemory.AllocZeroed(
            (nuint)((1 + _receivers.Count) * sizeof(BfdKernel.PollRequest)));
        const short Readable = 1;
        _requests[0] = new() { Descriptor = _wake, Events = Readable };
        foreach (var (index, receiver) in _receivers.Index())
        {
            receiver.EmptyAt = Now();
            _requests[1 + index] = new() { Descriptor = receiver.Descriptor, Events = Readable };
        }
        _stamps.Sample();
    }

    private void Turn()
    {
        var next = LongestSleep + Now();
        foreach (var session in _sessions)
        {
            if (session.NextDeadline < next)
                next = session.NextDeadline;
        }
        Sleep(next - Now(), descriptors: 1 + _receivers.Count);
        BfdKernel.ClearEvent(_wake);
        RunCommands();

        // What arrived before this moment has been read when timers are judged by it.
        var now = Now();
        var isStep = _stamps.Sample();
        foreach (var receiver in _receivers)
            Empty(receiver, now, isStep);
        Judge(now);
        if (_sessions.Count > 0 || _whenSilent is not { } then)
            return;
        _whenSilent = null;
        then();
    }

    private void RunCommands()
    {
        while (_commands.TryDequeue(out var command))
            command();
    }

    private void Sleep(TimeSpan time, int descriptors) => BfdKernel.Wait(_requests, descriptors, time);

    private void Empty(BfdReceiver receiver, TimeSpan now, bool isStep)
    {
        // The stamps of what waits in the socket mean nothing: a silence among them proves nothing.
        if (isStep)
            Excuse(receiver, now);
        var earliest = isStep ? now : receiver.EmptyAt;
        for (var count = 0; count < BfdReceiver.Capacity && receiver.TryReceive(); count++)
        {
            var arrival = _stamps.Place(receiver.Stamp, earliest, Now());
            if (receiver.DropsBefore != receiver.KnownDrops)
            {
                receiver.KnownDrops = receiver.DropsBefore;
                Excuse(receiver, arrival);
            }
            Take(receiver, arrival);
        }
        receiver.EmptyAt = now;
    }

    private void Take(BfdReceiver receiver, TimeSpan arrival)
    {
        var reason = BfdPacketCodec.Decode(receiver.Payload, out var packet);
        uint localDiscr = 0;
        if (reason == BfdDiscardReason.None)
        {
            // The addresses count only where the packet names no session.
            var isFirst = packet.YourDiscriminator == 0;
            var from = new BfdArrival(
                isFirst ? Known(receiver.Source) : IPAddress.None,
                isFirst ? Known(receiver.Destination) : IPAddress.None,
                receiver.Interface, receiver.Port, receiver.Ttl);
            reason = _demultiplexer.Find(packet, from, out localDiscr);
        }
        var session = Find(localDiscr);
        if (reason == BfdDiscardReason.None)
        {
            session!.Receive(packet, arrival);
            return;
        }
        Discarded++;
        session?.CountDiscarded();
    }

    private void Judge(TimeSpan now)
    {
        foreach (var receiver in _receivers)
        {
            // Behind the last packet that was read the kernel may have dropped others.
            if (IsAnyOverdue(receiver, now) && receiver.CountDrops() is var drops && drops != receiver.KnownDrops)
            {
                receiver.KnownDrops = drops;
                Excuse(receiver, now);
            }
        }
        for (var index = _sessions.Count - 1; index >= 0; index--)
        {
            var session = _sessions[index];
            if (session.Look(now))
                _demultiplexer.Move(session.LocalDiscr, session.Path);
            session.Judge(now, Now());
            if (session.HasLeft(now))
                Remove(session);
        }
    }

    private bool IsAnyOverdue(BfdReceiver receiver, TimeSpan now)
    {
        foreach (var session in _sessions)
        {
            if (session.IsOn(receiver) && session.IsOverdue(now))
                return true;
        }
        return false;
    }

    private void Excuse(BfdReceiver receiver, TimeSpan now)
    {
        foreach (var session in _sessions)
        {
            if (session.IsOn(receiver))
                session.Take(BfdEvent.PacketsLost, now);
        }
    }

    private BfdRunningSession? Find(uint localDiscr)
    {
        foreach (var session in _sessions)
        {
            if (session.LocalDiscr == localDiscr)
                return session;
        }
        return null;
    }

    // The sessions' own objects instead of new ones: a packet that names no session costs no memory either.
    private IPAddress Known(ReadOnlySpan<byte> address)
    {
        Span<byte> octets = stackalloc byte[16];
        foreach (var known in _addresses)
        {
            if (known.TryWriteBytes(octets, out var length) && octets[..length].SequenceEqual(address))
                return known;
        }
        return IPAddress.None;
    }

    private void RememberAddresses()
    {
        _addresses.Clear();
        foreach (var session in _sessions)
        {
            _addresses.Add(session.Path.Remote);
            if (session.Path.Local is { } local)
                _addresses.Add(local);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "BFD gets no real-time priority ({Refusal}), {Fallback}: where the processors are fully loaded its "
            + "packets may go out late; CAP_SYS_NICE or LimitRTPRIO=1 allows it")]
    private static partial void LogPriority(ILogger log, string refusal, string fallback);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "BFD cannot receive on {Family} port {Port}, such sessions stay Down: {Error}; is another BFD daemon "
            + "running on this node?")]
    private static partial void LogCannotReceive(ILogger log, AddressFamily family, ushort port, string error);

    [LoggerMessage(Level = LogLevel.Critical, Message = "BFD: a bug")]
    private static partial void LogBug(ILogger log, Exception bug);
}
