using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AnycastVip.StrictYaml;

/// <summary>YamlDotNet's parser, without its exceptions.</summary>
internal sealed class EventSource
{
    private readonly string _text;
    private readonly Scanner _scanner;
    private readonly Parser _parser;

    public EventSource(string text)
    {
        _text = text;
        _scanner = new Scanner(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

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
            fault = Explain(ToPosition(_scanner.CurrentPosition), "the text ends or breaks off in the middle of a node");
        }
        return null;
    }

    /// <summary>The mark as a position that lies inside the text.</summary>
    public Position ToPosition(in Mark mark)
    {
        var at = new Position((int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));
        var end = SourceText.EndOf(_text);
        return at.CompareTo(end) > 0 ? end : at;
    }

    private (Position At, string Message) Explain(Position at, string message)
    {
        var line = _text.AsSpan();
        for (var skip = 1; skip < at.Line; skip++)
            line = line[(line.IndexOf('\n') + 1)..];
        var length = line.IndexOfAnyExcept(' ', '\t');
        var indent = line[..(length < 0 ? line.Length : length)];
        return indent.Contains('\t')
            ? (new Position(at.Line, indent.IndexOf('\t') + 1), "a tab cannot indent; use spaces")
            : (at, $"not valid YAML: {char.ToLowerInvariant(message[0])}{message[1..].TrimEnd('.')}");
    }
}
