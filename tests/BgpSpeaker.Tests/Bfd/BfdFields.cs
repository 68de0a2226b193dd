using System.Globalization;
using AnycastVip.BgpSpeaker.Bfd;

namespace AnycastVip.BgpSpeaker.Tests.Bfd;

/// <summary>The words of one line: <c>name=value</c>, or a flag alone.</summary>
internal sealed class BfdFields
{
    private readonly Dictionary<string, string> _values;

    public BfdFields(string text) =>
        _values = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair.Length == 2 ? pair[1] : "");

    public IEnumerable<KeyValuePair<string, string>> All => _values;

    public bool Has(string name) => _values.ContainsKey(name);

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    public int Number(string name, int otherwise) =>
        _values.TryGetValue(name, out var text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    public TimeSpan Milliseconds(string name, TimeSpan otherwise) =>
        _values.ContainsKey(name) ? TimeSpan.FromMilliseconds(Number(name, 0)) : otherwise;

    /// <summary>The settings that a line names; the others as they were.</summary>
    public BfdSettings Settings(BfdSettings before) => new(
        Milliseconds("tx", before.DesiredMinTxInterval),
        Milliseconds("rx", before.RequiredMinRxInterval),
        (byte)Number("mult", before.DetectMult));

    /// <summary>The packet that a line names.</summary>
    public BfdPacket Packet(uint ours) => new()
    {
        State = Enum.Parse<BfdState>(Text("state", nameof(BfdState.Up))),
        Diagnostic = (BfdDiagnostic)Number("diag", 0),
        Poll = Has("P"),
        Final = Has("F"),
        ControlPlaneIndependent = Has("C"),
        Demand = Has("D"),
        DetectMult = (byte)Number("mult", 3),
        MyDiscriminator = (uint)Number("my", 2),
        YourDiscriminator = Text("your", "ours") == "ours" ? ours : (uint)Number("your", 0),
        DesiredMinTxInterval = Milliseconds("tx", TimeSpan.FromMilliseconds(300)),
        RequiredMinRxInterval = Milliseconds("rx", TimeSpan.FromMilliseconds(300)),
    };
}
