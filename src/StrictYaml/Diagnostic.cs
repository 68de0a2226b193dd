namespace AnycastVip.StrictYaml;

/// <summary>How bad a finding is.</summary>
public enum Severity
{
    /// <summary>The file cannot be used.</summary>
    Error,

    /// <summary>The file can be used, but probably does not do what its author wants.</summary>
    Warning,
}

/// <summary>A place in a text file.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 code units.</param>
public readonly record struct Position(int Line, int Column) : IComparable<Position>
{
    /// <summary>The first character of a file; also stands for the file as a whole.</summary>
    public static readonly Position Start = new(1, 1);

    /// <inheritdoc/>
    public int CompareTo(Position other) => (Line, Column).CompareTo((other.Line, other.Column));

    /// <summary><c>line:column</c>.</summary>
    public override string ToString() => $"{Line}:{Column}";
}

/// <summary>One finding in a file.</summary>
/// <param name="File">The file's name, as its user wrote it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in UTF-16 code units.</param>
/// <param name="Message">What is wrong and, where it is known, what would be right; no final full stop.</param>
/// <param name="Severity">How bad it is.</param>
public sealed record Diagnostic(
    string File, int Line, int Column, string Message, Severity Severity = Severity.Error)
{
    /// <summary><c>file:line:column: error: message</c>, the form that editors can jump to.</summary>
    public override string ToString() =>
        $"{File}:{Line}:{Column}: {(Severity == Severity.Error ? "error" : "warning")}: {Message}";
}
