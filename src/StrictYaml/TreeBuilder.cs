using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AnycastVip.StrictYaml;

/// <summary>Builds the node tree of one document from the parser's events.</summary>
internal sealed class TreeBuilder(string text, YamlOptions options, DiagnosticList diagnostics)
{
    /// <summary>Why a tab in front of a node is an error.</summary>
    public const string TabRefusal = "a tab cannot indent: use spaces";

    private readonly EventSource _events = new(text);
    private readonly Stack<(Position At, char Bracket)> _openBrackets = new();
    private readonly Dictionary<string, (YamlNode Node, int Size)> _anchors = [];
    private int _nodes;
    private int _depth;

    /// <summary>The root, or null after a fault behind which nothing can be judged.</summary>
    public YamlNode? Build()
    {
        if (Next() is not StreamStart || Next() is not { } first)
            return null;
        if (first is not DocumentStart start)
        {
            diagnostics.Error(Position.Start, "the file is empty");
            return null;
        }
        if (_events.Directive(_events.ToPosition(start.End).Line) is { } directive)
            diagnostics.Error(directive, "directives are not supported");
        if (Next() is not { } content || Node(content) is not { } root || Next() is not DocumentEnd)
            return null;
        if (Next() is not { } rest)
            return null;
        if (rest is DocumentStart)
            diagnostics.Error(PositionOf(rest), "a second document; only one is allowed");
        return root;
    }

    private ParsingEvent? Next()
    {
        var next = _events.Next(out var fault);
        if (fault is not var (at, message))
            return next;
        if (!_openBrackets.TryPeek(out var open))
            diagnostics.Error(at, message);
        else if (at == _events.End)
            diagnostics.Error(open.At, $"the '{open.Bracket}' is never closed");
        else
            diagnostics.Error(at, $"{message} (inside the '{open.Bracket}' at {open.At})");
        return null;
    }

    private Position PositionOf(ParsingEvent parsingEvent) => _events.ToPosition(parsingEvent.Start);

    // Null: a fault was reported and the rest of the file cannot be judged.
    private YamlNode? Node(ParsingEvent first)
    {
        var at = PositionOf(first);
        if (++_nodes > options.MaximumNodes)
        {
            diagnostics.Error(at, $"more than {options.MaximumNodes} values");
            return null;
        }
        if (_events.TabInIndentation(at.Line) is { } tab)
            diagnostics.Error(tab, TabRefusal);
        var before = _nodes;
        var node = first switch
        {
            AnchorAlias alias => Resolve(alias, at),
            Scalar scalar => ToScalar(scalar, at),
            SequenceStart sequence => Nested(at, sequence.Style == SequenceStyle.Flow ? '[' : null, () => Sequence(at)),
            MappingStart mapping => Nested(at, mapping.Style == MappingStyle.Flow ? '{' : null, () => Mapping(at)),
            _ => Misplaced(at),
        };
        return node is null || first is not NodeEvent properties ? node : Tagged(properties, at, node, before);
    }

    // The parser ends some malformed flow mappings between a key and its value.
    private YamlNode? Misplaced(Position at)
    {
        diagnostics.Error(at, "not valid YAML: a value is missing before this");
        return null;
    }

    private YamlNode Tagged(NodeEvent properties, Position at, YamlNode node, int before)
    {
        if (!properties.Anchor.IsEmpty)
        {
            if (!options.AllowAnchors)
                diagnostics.Error(at, $"anchors are not allowed: {$"&{properties.Anchor.Value}".Quoted()}");
            _anchors[properties.Anchor.Value] = (node, _nodes - before + 1);
        }
        // The parser gives a quoted scalar the tag "!" of its own accord.
        if (properties.Tag.IsEmpty || properties.Tag.IsNonSpecific)
            return node;
        diagnostics.Error(at, $"tags are not supported: {properties.Tag.Value.Quoted()}");
        return new YamlRefused(at);
    }

    private YamlNode? Resolve(AnchorAlias alias, Position at)
    {
        if (!options.AllowAnchors)
        {
            diagnostics.Error(at, $"aliases are not allowed: {$"*{alias.Value}".Quoted()}");
            return new YamlRefused(at);
        }
        // An anchor is known only once its node is complete, so that no node can contain itself.
        if (!_anchors.TryGetValue(alias.Value.Value, out var target))
        {
            diagnostics.Error(at, $"no anchor {$"&{alias.Value}".Quoted()} before this alias");
            return new YamlRefused(at);
        }
        _nodes += target.Size;
        return target.Node;
    }

    private YamlNode ToScalar(Scalar scalar, Position at)
    {
        var isPlain = scalar.Style == ScalarStyle.Plain;
        if (!isPlain || options.AllowYaml11Booleans || !IsYaml11Boolean(scalar.Value))
            return new YamlScalar(at, scalar.Value, isPlain);
        diagnostics.Error(
            at, $"'{scalar.Value}' is a boolean to some YAML readers: write true or false, or quote it");
        return new YamlRefused(at);
    }

    // https://yaml.org/type/bool.html, without true and false.
    private static bool IsYaml11Boolean(string text) =>
        text is "y" or "Y" or "yes" or "Yes" or "YES" or "n" or "N" or "no" or "No" or "NO"
            or "on" or "On" or "ON" or "off" or "Off" or "OFF";

    private YamlNode? Nested(Position at, char? bracket, Func<YamlNode?> read)
    {
        if (_depth == options.MaximumDepth)
        {
            diagnostics.Error(at, $"nested more than {options.MaximumDepth} deep");
            return null;
        }
        _depth++;
        if (bracket is { } open)
            _openBrackets.Push((at, open));
        var node = read();
        if (bracket is not null)
            _openBrackets.Pop();
        _depth--;
        return node;
    }

    private YamlSequence? Sequence(Position at)
    {
        var items = new List<YamlNode>();
        while (true)
        {
            switch (Next())
            {
                case null:
                    return null;
                case SequenceEnd:
                    return new YamlSequence(at, items);
                case var item when Node(item) is { } node:
                    items.Add(node);
                    break;
                default:
                    return null;
            }
        }
    }

    private YamlMapping? Mapping(Position at)
    {
        var entries = new List<YamlEntry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (true)
        {
            if (Next() is not { } first)
                return null;
            if (first is MappingEnd)
                return new YamlMapping(at, entries);
            var keyAt = PositionOf(first);
            if (Node(first) is not { } key || Next() is not { } second || Node(second) is not { } value)
                return null;
            if (!IsUsableKey(first, key, keyAt))
                continue;
            var name = ((Scalar)first).Value;
            if (lines.TryAdd(name, keyAt.Line))
                entries.Add(new YamlEntry(name, keyAt, value));
            else
                diagnostics.Error(keyAt, $"duplicate key {name.Quoted()}, first on line {lines[name]}");
        }
    }

    private bool IsUsableKey(ParsingEvent parsingEvent, YamlNode key, Position at)
    {
        if (key is YamlRefused)
            return false;
        var refusal = parsingEvent is not Scalar ? "a key must be a single value"
            : key is YamlScalar { IsNull: true } ? "a key is missing before the ':'"
            : key is YamlScalar { IsPlain: true, Text: "<<" } ? "merge keys are not supported"
            : null;
        if (refusal is not null)
            diagnostics.Error(at, refusal);
        return refusal is null;
    }
}
