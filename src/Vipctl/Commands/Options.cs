using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;

namespace AnycastVip.Vipctl.Commands;

/// <summary>Options that are made the same way wherever they appear.</summary>
internal static class Options
{
    /// <summary>-o with one of <paramref name="formats"/>; the type's default when not given.</summary>
    public static Option<T> Format<T>(string description, params (string Name, T Format)[] formats)
        where T : struct, Enum
    {
        var option = OneOf("--output", description, "format", formats);
        option.Aliases.Add("-o");
        return option;
    }

    /// <summary>An option with one of <paramref name="values"/>; the type's default when not given.</summary>
    public static Option<T> OneOf<T>(
        string name, string description, string helpName, params (string Name, T Value)[] values)
        where T : struct, Enum =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = Parser<T>(
                (string text, out T value) =>
                {
                    var index = Array.FindIndex(values, each => each.Name == text);
                    value = index < 0 ? default : values[index].Value;
                    return index >= 0;
                },
                $"one of {string.Join(", ", values.Select(each => each.Name))}"),
        };

    /// <summary>A duration between zero and <paramref name="maximum"/>; null when not given.</summary>
    public static Option<TimeSpan?> Span(string name, TimeSpan maximum, string description) => new(name)
    {
        Description = description,
        HelpName = "duration",
        CustomParser = Parser<TimeSpan?>(
            (string text, out TimeSpan? span) =>
            {
                span = Duration.TryParse(text, out var parsed) ? parsed : null;
                return span <= maximum;
            },
            $"a duration with its unit, 500ms, 5s or 2m, of at most {Duration.Format(maximum)}"),
    };

    /// <summary>A text of at most 255 octets, as RFC 9003 allows it to a peer.</summary>
    public static Option<string> Reason(string description)
    {
        var option = new Option<string>("--reason")
        {
            Description = description,
            HelpName = "text",
        };
        option.Validators.Add(result =>
        {
            if (Encoding.UTF8.GetByteCount(result.GetValueOrDefault<string>() ?? "") is 0 or > 255)
                result.AddError("--reason takes a text of 1 to 255 octets of UTF-8");
        });
        return option;
    }

    public static Option<bool> Watch() => new("--watch", "-w") { Description = "show them again after every change" };

    /// <summary>A name, required or "" when not given.</summary>
    public static Argument<string> Name(string name, string description, bool required)
    {
        var argument = new Argument<string>(name)
        {
            Description = description,
            Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        };
        if (!required)
            argument.DefaultValueFactory = _ => "";
        argument.Validators.Add(RefuseUnknownOptions);
        return argument;
    }

    /// <summary>For arguments: the library takes an option that it does not know for one.</summary>
    public static void RefuseUnknownOptions(ArgumentResult result)
    {
        foreach (var token in result.Tokens)
        {
            if (token.Value is ['-', _, ..])
                result.AddError($"unknown option '{token.Value}'");
        }
    }

    /// <summary>Reads a value with <paramref name="tryParse"/>; what it refuses is an error of usage.</summary>
    public static Func<ArgumentResult, T> Parser<T>(TryParse<T> tryParse, string expected) => result =>
    {
        var text = result.Tokens[^1].Value;
        if (!tryParse(text, out var value))
            result.AddError($"'{text}' is not {expected}");
        return value;
    };

    /// <summary>The shape of every TryParse.</summary>
    public delegate bool TryParse<T>(string text, out T value);
}
