using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Refuses the second of two items with the same name or address.</summary>
/// <param name="kind">What an item is, for messages: "peer".</param>
/// <param name="diagnostics">Takes the findings.</param>
internal sealed class UniqueValues(string kind, DiagnosticList diagnostics)
{
    private readonly Dictionary<(string Key, object Value), int> _lines = [];

    /// <summary>Takes the value of a key; null stands for one that was refused.</summary>
    public void Take(MappingReader reader, Key key, object? value)
    {
        if (value is not null)
            Take(key, reader.PositionOf(key.Name), value);
    }

    /// <summary>Takes a value of a key that has several.</summary>
    public void Take(Key key, Position at, object value)
    {
        if (_lines.TryAdd((key.Name, value), at.Line))
            return;
        var shown = value is string text ? text.Quoted() : $"{value}";
        diagnostics.Error(at, $"{key.Name}: {shown} is that of the {kind} on line {_lines[(key.Name, value)]}");
    }
}
