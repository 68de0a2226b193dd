namespace AnycastVip.Vipctl.Output;

/// <summary>Names with their values, one a line; what has no value is left out.</summary>
internal sealed class FieldList
{
    private readonly List<(string Name, string Value)> _fields = [];

    public void Add(string name, string value)
    {
        if (value.Length > 0)
            _fields.Add((name, Table.Printable(value)));
    }

    public void WriteTo(TextWriter output)
    {
        var width = _fields.Select(field => field.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, value) in _fields)
            output.WriteLine($"  {name.PadRight(width)}  {value}");
    }
}
