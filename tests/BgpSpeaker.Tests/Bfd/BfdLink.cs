using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>Two systems and what lies between, in virtual time: datagrams are lost, delayed and reordered.</summary>
internal sealed class BfdLink
{
    public static readonly TimeSpan CalmDelay = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RoughDelay = TimeSpan.FromMilliseconds(80);

    private readonly Dictionary<BfdNode, TimeSpan> _lastArrivals = [];

    /// <summary>Both systems are off.</summary>
    /// <param name="seed">Equal seeds make equal runs.</param>
    /// <param name="refusesStrangers">See <see cref="BfdNode.RefusesStrangers"/>, for the right one.</param>
    public BfdLink(ulong seed, bool refusesStrangers = false)
    {
        Chance = new Chance(seed);
        Left = new BfdNode("left", discriminator: 0x1001, this);
        Right = new BfdNode("right", discriminator: 0x2002, this) { RefusesStrangers = refusesStrangers };
    }

    public Timeline Time { get; } = new();

    public Chance Chance { get; }

    public BfdNode Left { get; }

    public BfdNode Right { get; }

    public bool IsCut { get; set; }

    /// <summary>In percent.</summary>
    public int Loss { get; set; }

    /// <summary>Long delays, and later datagrams overtake earlier ones.</summary>
    public bool IsRough { get; set; }

    public void Run(TimeSpan time) => Time.RunUntil(Time.Now + time);

    public void Send(BfdNode from, byte[] octets)
    {
        if (IsCut || Chance.Percent(Loss))
            return;
        var to = from == Left ? Right : Left;
        var arrival = Time.Now + Chance.Between(TimeSpan.Zero, IsRough ? RoughDelay : CalmDelay);
        var last = _lastArrivals.GetValueOrDefault(to);
        if (!IsRough && arrival < last)
            arrival = last;
        _lastArrivals[to] = arrival;
        Time.At(arrival, () =>
        {
            if (!IsCut)
                to.Arrive(octets);
        });
    }
}
