using System.Globalization;

namespace AnycastVip.Bench;

/// <summary>Reads <c>--name N</c>.</summary>
internal static class Options
{
    /// <summary>The options with their values; null, and a word on standard error, when something is wrong.</summary>
    /// <param name="arguments">After the command.</param>
    /// <param name="known">Each option, without dashes, with its default.</param>
    public static IReadOnlyDictionary<string, int>? Read(string[] arguments, params (string Name, int Default)[] known)
    {
        var values = known.ToDictionary(option => option.Name, option => option.Default);
        foreach (var pair in arguments.Chunk(2))
        {
            if (pair is not [['-', '-', .. var name], var text] || !values.ContainsKey(name)
                || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                Console.Error.WriteLine($"{string.Join(' ', pair)}: a number for one of these is wanted: "
                    + string.Join(", ", known.Select(option => $"--{option.Name}")));
                return null;
            }
            values[name] = value;
        }
        return values;
    }
}
