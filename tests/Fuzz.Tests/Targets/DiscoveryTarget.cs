using System.Net;
using AnycastVip.BgpSpeaker.Discovery;
using AnycastVip.BgpSpeaker.Tests.Simulation;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// Router Advertisements, after an octet with the hop limit and one that is even for a link-local sender: only what
/// RFC 4861 section 6.1.2 lets pass makes a neighbour.
/// </summary>
internal sealed class DiscoveryTarget : FuzzTarget
{
    private const int Link = 3;

    private static readonly IPAddress Near = IPAddress.Parse($"fe80::2%{Link}");
    private static readonly IPAddress Far = IPAddress.Parse("2001:db8::2");

    public override string Name => "discovery";

    public override int Share => 3;

    public override long AllocationBound(int inputLength) => 64 * 1024;

    public override IEnumerable<byte[]> Seeds() =>
    [
        [255, 0, .. RouterDiscoveryCodec.EncodeAdvertisement()],
        [255, 0, .. RouterDiscoveryCodec.EncodeAdvertisement(), 1, 1, 2, 0, 0, 0, 0, 1, 5, 1, 0, 0, 0, 0, 5, 220],
        [255, 0, .. RouterDiscoveryCodec.EncodeSolicitation()],
    ];

    public override byte[] Generate(Chance chance)
    {
        List<byte> input =
        [
            (byte)(chance.Percent(90) ? 255 : chance.Below(256)), (byte)(chance.Percent(90) ? 0 : 1),
            .. RouterDiscoveryCodec.EncodeAdvertisement(),
        ];
        for (var options = chance.Below(5); options > 0; options--)
        {
            var units = chance.Below(4);
            input.AddRange([(byte)chance.Below(32), (byte)units, .. new byte[Math.Max(0, (8 * units) - 2)]]);
        }
        return [.. input];
    }

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        var signature = new Signature();
        if (input.Length < 2)
            return signature.Value;
        var (hopLimit, source) = (input[0], (input[1] & 1) == 0 ? Near : Far);
        var message = input[2..];
        var isTaken = RouterDiscoveryCodec.IsAdvertisement(message, source, hopLimit);
        signature.Add(isTaken ? 1 : 0);
        signature.AddCount(message.Length / 8);
        if (!isTaken)
            return signature.Value;
        PromiseBroken.Unless(hopLimit == 255 && source == Near, "it comes from the link");
        PromiseBroken.Unless(message.Length >= 16 && message.Length % 8 == 0, "it is whole");
        var now = TimeSpan.FromSeconds(1000);
        var (state, _) = DiscoveryFsm.Next(DiscoveryFsm.Initial(seed: 1), new LinkUp(Link), now);
        (state, var actions) = DiscoveryFsm.Next(state, new AdvertisementHeard(source), now);
        PromiseBroken.Unless(source.Equals(state.Neighbour), "its sender is the neighbour");
        PromiseBroken.Unless(actions.OfType<NeighbourFound>().Count() == 1, "a new neighbour is told once");
        PromiseBroken.Unless(DiscoveryFsm.NextDeadline(state) > now, "a deadline that was handled is over");
        return signature.Value;
    }
}
