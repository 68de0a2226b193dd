using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>
/// What leases mean, written a second time and differently: each VIP knows until when it may be announced, and what is
/// announced at a moment follows from that alone.
/// </summary>
internal sealed class LeaseModel
{
    private readonly Dictionary<string, Client> _clients = [];

    public bool IsEmergency { get; set; }

    public void Open(string id, ulong epoch, LeaseStream stream, TimeSpan ttl, TimeSpan now)
    {
        if (!_clients.TryGetValue(id, out var client))
            _clients[id] = client = new Client { Epoch = epoch };
        client.Settle(now);
        if (client.Epoch != epoch)
            client.FixAll();
        client.Epoch = epoch;
        client.Stream = stream;
        client.Ttl = ttl;
        client.AliveAt = now;
    }

    public void Heartbeat(LeaseStream stream, TimeSpan now)
    {
        if (Find(stream, now) is { } client)
            client.AliveAt = now;
    }

    /// <summary>False when the stream holds no lease any more.</summary>
    public bool TryDeclare(LeaseStream stream, DesiredSet set, TimeSpan now)
    {
        if (Find(stream, now) is not { } client)
            return false;
        foreach (var (name, vip) in client.Vips)
        {
            if (!set.Vips.Any(declared => declared.Vip == name))
                vip.Fix(client.Deadline);
        }
        foreach (var declared in set.Vips)
            client.Declare(declared);
        client.AliveAt = now;
        return true;
    }

    /// <summary>The client is gone: the lease's clock starts.</summary>
    public void Lose(LeaseStream stream, TimeSpan now)
    {
        if (Find(stream, now) is not { } client)
            return;
        client.AliveAt = now;
        client.Stream = null;
    }

    /// <summary>What may be announced now, and until <paramref name="slack"/> after its end.</summary>
    public bool Permits(Prefix prefix, TimeSpan now, TimeSpan slack) =>
        !IsEmergency && _clients.Values.Any(client => client.Permits(prefix, now - slack));

    /// <summary>What is to be announced at <paramref name="now"/>.</summary>
    public HashSet<Prefix> Announced(TimeSpan now) =>
        IsEmergency ? [] : _clients.Values.SelectMany(client => client.Announced(now)).ToHashSet();

    private Client? Find(LeaseStream stream, TimeSpan now)
    {
        foreach (var client in _clients.Values)
            client.Settle(now);
        return _clients.Values.FirstOrDefault(client => client.Stream == stream);
    }

    private sealed class Client
    {
        public Dictionary<string, Vip> Vips { get; } = [];

        public ulong Epoch { get; set; }

        public LeaseStream? Stream { get; set; }

        public TimeSpan Ttl { get; set; }

        public TimeSpan AliveAt { get; set; }

        public TimeSpan Deadline => AliveAt + Ttl;

        /// <summary>What has run out by now never comes back by itself.</summary>
        public void Settle(TimeSpan now)
        {
            if (now >= Deadline)
            {
                Stream = null;
                FixAll();
            }
        }

        public void FixAll()
        {
            foreach (var vip in Vips.Values)
                vip.Fix(Deadline);
        }

        public void Declare(VipDeclaration declared)
        {
            if (!Vips.TryGetValue(declared.Vip, out var vip))
                Vips[declared.Vip] = vip = new Vip();
            switch (declared.Intent)
            {
                case VipIntent.Announce:
                    vip.IsFloating = true;
                    vip.Prefixes = Scenario.AllowedAmong(declared.Routes);
                    break;
                case VipIntent.Withdraw:
                    vip.IsFloating = false;
                    vip.Until = TimeSpan.Zero;
                    break;
                default:
                    vip.Fix(Deadline);
                    break;
            }
        }

        public bool Permits(Prefix prefix, TimeSpan now) =>
            Vips.Values.Any(vip => vip.IsAnnounced(Deadline, now) && vip.Prefixes.Contains(prefix));

        public IEnumerable<Prefix> Announced(TimeSpan now) =>
            Vips.Values.Where(vip => vip.IsAnnounced(Deadline, now)).SelectMany(vip => vip.Prefixes);
    }

    private sealed class Vip
    {
        /// <summary>Announced for as long as the lease lives; else until <see cref="Until"/>.</summary>
        public bool IsFloating { get; set; }

        public TimeSpan Until { get; set; }

        public List<Prefix> Prefixes { get; set; } = [];

        public void Fix(TimeSpan deadline)
        {
            if (!IsFloating)
                return;
            IsFloating = false;
            Until = deadline;
        }

        public bool IsAnnounced(TimeSpan deadline, TimeSpan now) => now < (IsFloating ? deadline : Until);
    }
}
