using System.Text;

namespace AnycastVip.Vipctl.Output;

/// <summary>Columns aligned with two spaces between them; an empty cell shows as "-".</summary>
internal sealed class Table(params string[] header)
{
    private readonly List<string[]> _rows = [header];

    /// <summary>Adds a row of as many cells as the header has.</summary>
    public void Add(params string[] cells) =>
        _rows.Add([.. cells.Select(cell => cell.Length == 0 ? "-" : Printable(cell))]);

    public void WriteTo(TextWriter output)
    {
        var widths = Enumerable.Range(0, header.Length).Select(column => _rows.Max(row => row[column].Length)).ToList();
        foreach (var row in _rows)
        {
            var line = string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])));
            output.WriteLine(line.TrimEnd());
        }
    }

    /// <summary>Reasons and host names come from the network: no control character may reach the terminal.</summary>
    public static string Printable(string cell)
    {
        if (!cell.Any(char.IsControl))
            return cell;
        var text = new StringBuilder();
        foreach (var c in cell)
            text.Append(char.IsControl(c) ? $"\\x{(int)c:x2}" : c);
        return text.ToString();
    }
}
