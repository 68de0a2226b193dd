using System.Net;
using AnycastVip.BgpSpeaker.Peering;
using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Session;
using AnycastVip.BgpSpeaker.Tests.Simulation;
using AnycastVip.BgpSpeaker.Tests.Wire;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.Fuzz.Tests.Grammar;

namespace AnycastVip.Fuzz.Tests.Targets;

/// <summary>
/// The engine of a peer. The first octet says which session and how far it has come, the second how the octets behind
/// it are cut. The engine survives them, all that it says is beyond reproach, and nothing follows a NOTIFICATION.
/// </summary>
internal sealed class SessionTarget : FuzzTarget
{
    private const uint PeerAs = 65002;
    private const int Phases = 3;

    private static readonly IPAddress OurAddress = IPAddress.Parse("10.0.1.1");
    private static readonly LocalEnd Local =
        new(OurAddress, IPAddress.Parse("10.0.1.2"), OurAddress, IPAddress.Parse("2001:db8::1"));

    private static readonly RouteSet Routes = new(1, [Route("203.0.113.50/32"), Route("2001:db8::50/128")], []);

    private readonly byte[] _output = new byte[64 * 1024];
    private bool _saidNotification;

    public override string Name => "session";

    public override int Share => 12;

    public override long AllocationBound(int inputLength) => 2 * 1024 * 1024 + (256L * inputLength);

    public override IEnumerable<byte[]> Seeds() => VectorFiles.All.Select(vector => (byte[])
    [
        (byte)((vector.Session.Contains("ibgp") ? 0x10 : 0) + PhaseOf(vector.State)), 0, .. vector.Bytes,
    ]);

    public override byte[] Generate(Chance chance)
    {
        List<byte> input = [(byte)chance.Below(256), (byte)chance.Below(256)];
        for (var left = 1 + chance.Below(4); left > 0; left--)
        {
            input.AddRange(chance.Below(8) switch
            {
                0 => OpenGrammar.Generate(chance),
                1 => Messages.Make(MessageType.KeepAlive, []),
                2 => Messages.Make(
                    MessageType.RouteRefresh, [0, (byte)(1 + chance.Below(2)), (byte)chance.Below(4), 1]),
                3 when chance.Percent(30) => Messages.Make(MessageType.Notification, [6, (byte)chance.Below(11)]),
                _ => UpdateGrammar.Generate(chance),
            });
        }
        return [.. input];
    }

    public override void Repair(List<byte> input) => Messages.Repair(input, 2, type: null);

    public override ulong Run(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return 0;
        _saidNotification = false;
        var now = TimeSpan.FromSeconds(1000);
        var isExternal = (input[0] & 0x10) == 0;
        var engine = MakeEngine(isExternal, now);
        var id = Connect(engine, (input[0] & 0x40) != 0, now);
        if (input[0] % 4 % Phases > 0)
            Receive(engine, id, OpenOf(isExternal, input[0]), now);
        if (input[0] % 4 % Phases > 1)
            Receive(engine, id, Messages.Make(MessageType.KeepAlive, []), now);
        var rest = input[2..];
        var cut = input[1] == 0 ? rest.Length : input[1];
        while (!rest.IsEmpty)
        {
            var piece = rest[..Math.Min(cut, rest.Length)];
            Receive(engine, id, piece, now);
            rest = rest[piece.Length..];
        }
        var signature = Describe(engine);
        Expire(engine, id, now);
        return signature;
    }

    private static DesiredRoute Route(string prefix) =>
        new(Prefix.TryParse(prefix, out var parsed) ? parsed : default, RouteAttributes.None, []);

    private static int PhaseOf(string state) => state switch { "openSent" => 0, "openConfirm" => 1, _ => 2 };

    private static PeerEngine MakeEngine(bool isExternal, TimeSpan now)
    {
        var settings = new PeerSettings
        {
            LocalAs = Sessions.LocalAs,
            PeerAs = isExternal ? PeerAs : Sessions.LocalAs,
            BgpIdentifier = 0x0A000101,
            Families = [Family.IPv4Unicast, Family.IPv6Unicast],
        };
        var engine = new PeerEngine(new("peer", settings, null, null, RouteAttributes.None), seed: 1, now);
        engine.SetDesired(Routes);
        engine.Handle(new ManualStart(), now);
        return engine;
    }

    private static ConnectionId Connect(PeerEngine engine, bool accepts, TimeSpan now)
    {
        var dial = engine.TakeActions().OfType<Dial>().FirstOrDefault();
        if (accepts || dial is null)
            return engine.Accepted(Local, now);
        engine.Connected(dial.Connection, Local, now);
        return dial.Connection;
    }

    private static byte[] OpenOf(bool isExternal, byte options)
    {
        var peerAs = isExternal ? PeerAs : Sessions.LocalAs;
        var capabilities = new List<Capability>
        {
            new MultiprotocolCapability(Family.IPv4Unicast), new MultiprotocolCapability(Family.IPv6Unicast),
            new RouteRefreshCapability(),
        };
        if ((options & 0x20) == 0)
            capabilities.Add(new FourOctetAsCapability(peerAs));
        if ((options & 0x80) != 0)
            capabilities.AddRange([new ExtendedMessageCapability(), new EnhancedRouteRefreshCapability()]);
        return OpenEncoder.Encode(new OpenMessage((ushort)peerAs, 90, 0x0A000102, capabilities.ToValueList()));
    }

    private void Receive(PeerEngine engine, ConnectionId id, ReadOnlySpan<byte> octets, TimeSpan now)
    {
        engine.Received(id, octets, now);
        Drain(engine, id, now);
    }

    private void Drain(PeerEngine engine, ConnectionId id, TimeSpan now)
    {
        for (var round = 0; engine.TakeActions().Count > 0; round++)
            PromiseBroken.Unless(round < 8, "actions come to an end");
        while (engine.TakeOutput(id, _output, now) is > 0 and var written)
            Judge(_output.AsSpan(0, written));
    }

    private void Judge(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty)
        {
            var status = Framer.Next(octets, MessageSize.ExtendedMaximum, out var type, out var length, out _);
            PromiseBroken.Unless(status == FrameStatus.Message, "what is written is messages");
            PromiseBroken.Unless(!_saidNotification, "nothing follows a NOTIFICATION");
            _saidNotification = type == MessageType.Notification;
            var description = MessageDescriber.Describe(octets[..length], Sessions.Context(0) with { LocalAs = 0 });
            PromiseBroken.Unless(
                type == MessageType.Update || description.Severity == Severity.None, "what we say is beyond reproach");
            octets = octets[length..];
        }
    }

    // The view must not stumble over what a peer has said.
    private static ulong Describe(PeerEngine engine)
    {
        var status = engine.Status();
        var signature = new Signature();
        signature.Add((int)status.State);
        signature.Add(Number(status.LastSent?.Notification));
        signature.Add(Number(status.LastReceived?.Notification));
        signature.AddCount((int)status.ReceivedRoutes.Announced);
        signature.AddCount((int)status.ReceivedRoutes.Withdrawn);
        signature.AddCount((int)status.ReceivedRoutes.TreatedAsWithdraw);
        signature.AddCount((int)status.ReceivedRoutes.AttributesDiscarded);
        signature.Add(status.Session?.Families.Count ?? 0);
        PromiseBroken.Unless(!status.Reason.Any(char.IsControl), "reasons are printable");
        return signature.Value;
    }

    private static int Number(Notification? notification) =>
        notification is null ? 0 : ((int)notification.Code << 8) + notification.Subcode;

    // Silence follows: timers must end what does not end by itself, and none may be due again at once.
    private void Expire(PeerEngine engine, ConnectionId id, TimeSpan now)
    {
        for (var turn = 0; turn < 3 && engine.NextDeadline is { } due; turn++)
        {
            now = due > now ? due : now;
            engine.Handle(new TimersDue(), now);
            Drain(engine, id, now);
            PromiseBroken.Unless(!(engine.NextDeadline <= now), "a deadline that was handled is over");
        }
    }
}
