using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>
/// A system with one session: a shell that keeps to what <see cref="BfdFsm"/> asks of it, a kernel that stamps what
/// arrives while the shell is held up, and what must hold at every step.
/// </summary>
internal sealed class BfdNode(string name, uint discriminator, BfdLink link)
{
    private readonly Queue<(TimeSpan At, byte[] Octets)> _kernel = [];
    private readonly List<TimeSpan> _arrivals = [];
    private TimeSpan _pausedUntil;
    private ulong _starts;

    public BfdSession Session { get; private set; }

    /// <summary>Losses of an Up session that count as failures.</summary>
    public int Failures { get; private set; }

    /// <summary>A packet with Your Discriminator zero does not touch a session in Init or Up, as with FRR.</summary>
    public bool RefusesStrangers { get; init; }

    /// <summary>A broken shell: it judges timers before it reads.</summary>
    public bool JudgesTimersFirst { get; set; }

    private TimeSpan Now => link.Time.Now;

    /// <summary>Starts, or starts over with all state lost but the discriminator.</summary>
    public void Start(BfdSettings settings, uint? otherDiscriminator = null)
    {
        _kernel.Clear();
        _arrivals.Clear();
        var seed = discriminator + (++_starts << 32);
        Session = BfdFsm.Initial(settings, otherDiscriminator ?? discriminator, seed, Now);
        Run();
    }

    public void Pause(TimeSpan time)
    {
        _pausedUntil = Now + time;
        link.Time.At(_pausedUntil, Run);
    }

    public void Arrive(byte[] octets)
    {
        if (_starts == 0)
            return;
        _kernel.Enqueue((Now, octets));
        Run();
    }

    public void Tell(BfdEvent happened)
    {
        Feed(happened, Now);
        Run();
    }

    private void Run()
    {
        if (Now < _pausedUntil)
            return;
        if (JudgesTimersFirst)
            JudgeTimers();
        while (_kernel.TryDequeue(out var datagram))
            Read(datagram.Octets, datagram.At);
        JudgeTimers();
        Arm();
    }

    private void JudgeTimers()
    {
        if (Session.NextDeadline <= Now)
            Feed(BfdEvent.TimersDue, Now);
    }

    private void Arm()
    {
        if (Session.NextDeadline is { } deadline)
        {
            Assert.True(deadline > Now, $"{name}: a deadline stays in the past");
            link.Time.At(deadline, Run);
        }
    }

    private void Read(byte[] octets, TimeSpan arrivedAt)
    {
        Assert.Equal(BfdDiscardReason.None, BfdPacketCodec.Decode(octets, out var packet));
        var isStranger = packet.YourDiscriminator == 0;
        if (isStranger
            ? RefusesStrangers && Session.SessionState is BfdState.Init or BfdState.Up
            : packet.YourDiscriminator != Session.LocalDiscr)
        {
            return;
        }
        Feed(BfdEvent.Received(packet), arrivedAt);
        _arrivals.Add(arrivedAt);
    }

    private void Feed(BfdEvent happened, TimeSpan at)
    {
        var before = Session;
        (Session, var actions) = BfdFsm.Next(before, happened, at);
        CheckTimers(before, happened);
        if (actions.Changed is { } changed)
        {
            Failures += changed.IsFailure ? 1 : 0;
            if (changed is { To: BfdState.Down, Diagnostic: BfdDiagnostic.ControlDetectionTimeExpired })
                CheckSilence(before, at);
        }
        if (actions.Send is { } packet)
            Send(packet);
    }

    private void Send(BfdPacket packet)
    {
        Assert.False(packet is { Poll: true, Final: true });
        Assert.True(packet.State == BfdState.Up || packet.DesiredMinTxInterval >= TimeSpan.FromSeconds(1));
        var octets = new byte[BfdPacketCodec.Length];
        BfdPacketCodec.Encode(octets, packet);
        link.Send(this, octets);
    }

    // While Up, slower packets and a shorter Detection Time of the own intervals take a Final.
    private void CheckTimers(BfdSession before, BfdEvent happened)
    {
        if (before.SessionState != BfdState.Up || Session.SessionState != BfdState.Up)
            return;
        if (Session.EffectiveMinTxInterval > before.EffectiveMinTxInterval
            || Session.EffectiveMinRxInterval < before.EffectiveMinRxInterval)
        {
            Assert.True(before.IsPolling && happened.Packet.Final, $"{name}: timers changed on {happened}");
        }
    }

    // What waits in the kernel, unread, arrived too.
    private void CheckSilence(BfdSession before, TimeSpan at)
    {
        var last = _arrivals.Concat(_kernel.Select(datagram => datagram.At)).Where(arrival => arrival < at).Max();
        Assert.True(at - last >= before.DetectionTime, $"{name}: false Down at {at}, {at - last} after a packet");
    }
}
