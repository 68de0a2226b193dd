using System.Globalization;
using System.Net;
using AnycastVip.BgpSpeaker.Bfd;
using AnycastVip.BgpSpeaker.Tests.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>Plays a vector against codec, demultiplexer and machine, in virtual time.</summary>
internal sealed class BfdVectorRun
{
    private static readonly IPAddress Tester = IPAddress.Parse("192.0.2.2");
    private static readonly IPAddress Stranger = IPAddress.Parse("192.0.2.66");
    private static readonly IPAddress Ours = IPAddress.Parse("192.0.2.1");
    private static readonly BfdSettings Defaults =
        new(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300), DetectMult: 3);

    private readonly BfdVector _vector;
    private readonly BfdPath _path;
    private readonly BfdDemultiplexer _demultiplexer = new(secret: 1);
    private readonly List<(TimeSpan At, BfdPacket Packet)> _sent = [];
    private BfdSession _session;
    private BfdDiscardReason _judged;
    private BfdStateChange? _changed;
    private TimeSpan _now = TimeSpan.FromSeconds(1000);

    public BfdVectorRun(BfdVector vector)
    {
        _vector = vector;
        _path = new() { Remote = Tester, Local = Ours, IsMultihop = vector.Path == "multihop" };
        var discriminator = _demultiplexer.Add("tester", _path);
        _session = BfdFsm.Initial(new BfdFields(vector.Settings).Settings(Defaults), discriminator, seed: 1, _now);
    }

    public void Play()
    {
        Reach(_vector.Given);
        foreach (var step in _vector.Steps)
            Take(step);
    }

    private void Reach(string state)
    {
        Wait(TimeSpan.Zero);
        string[] packets = state switch
        {
            "down" => [],
            "init" => ["state=Down your=0"],
            "up" => ["state=Down your=0", "state=Init", "F"],
            _ => throw new FormatException(state),
        };
        foreach (var packet in packets)
            Take(new("packet", packet));
        Assert.Equal(state, _session.SessionState.ToString(), ignoreCase: true);
        Assert.False(_session.IsPolling);
        _sent.Clear();
        _changed = null;
    }

    private void Take(BfdStep step)
    {
        var fields = new BfdFields(step.Key is "hex" or "wait" or "lost" ? "" : step.Value);
        switch (step.Key)
        {
            case "hex":
                Receive(HexOf(step.Value), fields);
                break;
            case "packet":
                var octets = new byte[BfdPacketCodec.Length];
                BfdPacketCodec.Encode(octets, fields.Packet(_session.LocalDiscr));
                Receive(octets, fields);
                break;
            case "wait":
                Wait(TimeSpan.FromMilliseconds(int.Parse(step.Value, CultureInfo.InvariantCulture)));
                break;
            case "lost":
                Feed(BfdEvent.PacketsLost);
                break;
            case "configure":
                Feed(BfdEvent.Configure(fields.Settings(_session.Settings)));
                break;
            case "disable":
                Feed(BfdEvent.Disable);
                break;
            case "enable":
                Feed(BfdEvent.Enable);
                break;
            case "expect":
                Expect(fields);
                break;
            default:
                throw new FormatException($"{_vector.Name}: no step '{step.Key}'");
        }
    }

    private byte[] HexOf(string text)
    {
        var ours = BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)_session.LocalDiscr));
        var definitions = new Dictionary<string, byte[]> { ["ours"] = ours };
        var hex = new VectorHex(definitions);
        foreach (var (name, definition) in _vector.Definitions)
            definitions.Add(name, hex.Parse(definition));
        return hex.Parse(text);
    }

    private void Receive(byte[] octets, BfdFields fields)
    {
        var remote = fields.Text("from", "tester") == "tester" ? Tester : Stranger;
        var arrival = new BfdArrival(
            remote, Ours, Interface: 1, (ushort)fields.Number("port", _path.Port), (byte)fields.Number("ttl", 255));
        _judged = BfdPacketCodec.Decode(octets, out var packet);
        if (_judged == BfdDiscardReason.None)
            _judged = _demultiplexer.Find(packet, arrival, out _);
        if (_judged == BfdDiscardReason.None)
            Feed(BfdEvent.Received(packet));
    }

    private void Wait(TimeSpan time)
    {
        var until = _now + time;
        while (_session.NextDeadline is { } deadline && deadline <= until)
        {
            _now = deadline > _now ? deadline : _now;
            Feed(BfdEvent.TimersDue);
            Assert.True(!(_session.NextDeadline <= _now), "a deadline stays in the past");
        }
        _now = until;
    }

    private void Feed(BfdEvent happened)
    {
        (_session, var actions) = BfdFsm.Next(_session, happened, _now);
        if (actions.Send is { } packet)
            _sent.Add((_now, packet));
        _changed = actions.Changed ?? _changed;
    }

    private void Expect(BfdFields expected)
    {
        foreach (var (fact, value) in expected.All)
        {
            if (fact == "gap")
                AssertGaps(value.Split(".."));
            else
                Assert.Equal($"{fact}={value}", $"{fact}={Actual(fact)}");
        }
        _sent.Clear();
    }

    private void AssertGaps(string[] bounds)
    {
        Assert.True(_sent.Count > 2, "too few packets for a gap");
        var (least, most) = (Milliseconds(bounds[0]), Milliseconds(bounds[1]));
        Assert.All(
            _sent.Zip(_sent.Skip(1), (first, second) => second.At - first.At), gap => Assert.InRange(gap, least, most));
    }

    private string Actual(string fact) => fact switch
    {
        "accepted" => _judged == BfdDiscardReason.None ? "" : _judged.ToString(),
        "discard" => _judged.ToString(),
        "state" => _session.SessionState.ToString(),
        "diagnostic" => Text((int)_session.LocalDiag),
        "remote" => Text(_session.RemoteDiscr),
        "interval" => Text(_session.TransmitInterval.TotalMilliseconds),
        "detection" => Text(_session.DetectionTime.TotalMilliseconds),
        "failure" => _changed is { IsFailure: true } ? "yes" : "no",
        "sent" => Text(_sent.Count),
        _ when fact.StartsWith("sent.", StringComparison.Ordinal) => Actual(fact, Assert.NotNull(LastSent)),
        _ => throw new FormatException($"{_vector.Name}: no fact '{fact}'"),
    };

    private BfdPacket? LastSent => _sent.Count == 0 ? null : _sent[^1].Packet;

    private string Actual(string fact, BfdPacket packet) => fact switch
    {
        "sent.state" => packet.State.ToString(),
        "sent.diag" => Text((int)packet.Diagnostic),
        "sent.your" => Text(packet.YourDiscriminator),
        "sent.tx" => Text(packet.DesiredMinTxInterval.TotalMilliseconds),
        "sent.rx" => Text(packet.RequiredMinRxInterval.TotalMilliseconds),
        "sent.flags" => FlagsOf(packet),
        _ => throw new FormatException($"{_vector.Name}: no fact '{fact}'"),
    };

    private static string FlagsOf(BfdPacket packet)
    {
        var flags = (packet.Poll ? "P" : "") + (packet.Final ? "F" : "")
            + (packet.ControlPlaneIndependent ? "C" : "") + (packet.Demand ? "D" : "");
        return flags.Length == 0 ? "none" : flags;
    }

    private static TimeSpan Milliseconds(string text) =>
        TimeSpan.FromMilliseconds(int.Parse(text, CultureInfo.InvariantCulture));

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
