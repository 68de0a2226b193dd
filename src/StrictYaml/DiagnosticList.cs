namespace AnycastVip.StrictYaml;

/// <summary>Collects the findings of one file; a finding that is already there is not added again.</summary>
/// <param name="file">The file's name, as its user wrote it.</param>
public sealed class DiagnosticList(string file)
{
    private readonly HashSet<Diagnostic> _items = [];

    /// <summary>True when the file cannot be used.</summary>
    public bool HasErrors => _items.Any(item => item.Severity == Severity.Error);

    /// <summary>Adds an error.</summary>
    public void Error(Position at, string message) => Add(at, message, Severity.Error);

    /// <summary>Adds a warning.</summary>
    public void Warning(Position at, string message) => Add(at, message, Severity.Warning);

    /// <summary>All findings in the order of the file.</summary>
    public IReadOnlyList<Diagnostic> ToSortedList() =>
    [
        .. _items
            .OrderBy(item => new Position(item.Line, item.Column))
            .ThenBy(item => item.Message, StringComparer.Ordinal),
    ];

    private void Add(Position at, string message, Severity severity) =>
        _items.Add(new Diagnostic(file, at.Line, at.Column, message, severity));
}
