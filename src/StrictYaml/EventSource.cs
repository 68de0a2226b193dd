using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AnycastVip.StrictYaml;

/// <summary>YamlDotNet's parser, without its exceptions.</summary>
internal sealed class EventSource
{
    private readonly string[] _lines;
    private readonly Scanner _scanner;
    private readonly Parser _parser;

    public EventSource(string text)
    {
        _lines = text.Split('\n');
        _scanner = new Scanner(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

    /// <summary>The position behind the last character.</summary>
    public Position End => new(_lines.Length, _lines[^1].Length + 1);

    /// <summary>The next event; null at the end, or after a fault, which is then told.</summary>
    /// <param name="fault">Where and what, or null.</param>
    public ParsingEvent? Next(out (Position At, string Message)? fault)
    {
        fault = null;
        try
        {
            return _parser.MoveNext() ? _parser.Current : null;
        }
        catch (YamlException exception)
        {
            fault = Explain(ToPosition(exception.Start), exception.Message);
        }
        // On some malformed input the parser throws what it does not document (InvalidOperationException for an
        // unclosed bracket, for one). A file must not be able to end the program.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            fault = Explain(ToPosition(_scanner.CurrentPosition), "The text breaks off in the middle of a node");
        }
        return null;
    }

    /// <summary>The mark as a position that lies inside the text.</summary>
    public Position ToPosition(in Mark mark)
    {
        var at = new Position((int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));
        return at.CompareTo(End) > 0 ? End : at;
    }

    /// <summary>Where a tab stands before the first other character of a line; null when there is none.</summary>
    /// <param name="line">The line, from 1.</param>
    public Position? TabInIndentation(int line)
    {
        var text = _lines[line - 1].AsSpan();
        var content = text.IndexOfAnyExcept(' ', '\t');
        var tab = text[..Math.Max(content, 0)].IndexOf('\t');
        return tab < 0 ? null : new Position(line, tab + 1);
    }

    /// <summary>The first directive, such as <c>%YAML</c>, in lines 1 to <paramref name="last"/>.</summary>
    public Position? Directive(int last)
    {
        var index = Array.FindIndex(_lines, 0, last, line => line.StartsWith('%'));
        return index < 0 ? null : new Position(index + 1, 1);
    }

    private (Position At, string Message) Explain(Position at, string message)
    {
        // The parser points to the start of the node that the tab breaks.
        for (var line = at.Line; line <= ToPosition(_scanner.CurrentPosition).Line; line++)
        {
            if (TabInIndentation(line) is { } tab)
                return (tab, TreeBuilder.TabRefusal);
        }
        return (at, $"not valid YAML: {char.ToLowerInvariant(message[0])}{message[1..].TrimEnd('.')}");
    }
}
