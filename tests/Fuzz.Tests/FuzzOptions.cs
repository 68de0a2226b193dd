using System.Globalization;

namespace AnycastVip.Fuzz.Tests;

/// <summary>The command line of tests/fuzz.</summary>
internal sealed record FuzzOptions
{
    public TimeSpan Time { get; private init; } = TimeSpan.MaxValue;

    /// <summary>How many, over all threads.</summary>
    public long Inputs { get; private init; } = long.MaxValue;

    /// <summary>Of the first thread; each other one has the next.</summary>
    public ulong Seed { get; private init; } = (ulong)Environment.TickCount64;

    public int Jobs { get; private init; } = Environment.ProcessorCount;

    public IReadOnlyList<FuzzTarget> Targets { get; private init; } = FuzzTargets.All();

    /// <summary>One input to run instead of a search.</summary>
    public byte[]? Again { get; private init; }

    /// <summary>A folder for what was kept; null: nowhere.</summary>
    private string? Folder { get; init; }

    /// <summary>Reads the arguments; null with what is wrong.</summary>
    public static FuzzOptions? Parse(string[] arguments, out string error)
    {
        var options = new FuzzOptions();
        error = "";
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            try
            {
                if (options.With(arguments[i], value) is not { } next)
                {
                    error = $"unknown option or target: {arguments[i]} {value}";
                    return null;
                }
                options = next;
            }
            catch (Exception exception) when (exception is FormatException or OverflowException)
            {
                error = $"{arguments[i]}: '{value}' is no value for it";
                return null;
            }
        }
        return options.Time == TimeSpan.MaxValue && options.Inputs == long.MaxValue
            ? options with { Time = TimeSpan.FromMinutes(1) }
            : options;
    }

    /// <summary>Writes what the first thread kept, shortest first, as <see cref="Corpus.Saved"/> reads it.</summary>
    public void Save(FuzzRun[] runs)
    {
        if (Folder is null)
            return;
        Directory.CreateDirectory(Folder);
        foreach (var corpus in runs[0].Corpora)
        {
            var lines = corpus.Inputs.OrderBy(input => input.Length)
                .Select((input, i) => $"kept-{i + 1} {Convert.ToHexStringLower(input)}");
            File.WriteAllLines(Path.Combine(Folder, $"{corpus.Target.Name}.txt"), lines);
        }
    }

    private FuzzOptions? With(string option, string value) => option switch
    {
        "--minutes" => this with { Time = TimeSpan.FromMinutes(double.Parse(value, CultureInfo.InvariantCulture)) },
        "--inputs" => this with { Inputs = long.Parse(value, CultureInfo.InvariantCulture) },
        "--seed" => this with { Seed = ulong.Parse(value, CultureInfo.InvariantCulture) },
        "--jobs" => this with { Jobs = Math.Clamp(int.Parse(value, CultureInfo.InvariantCulture), 1, 256) },
        "--target" when FuzzTargets.All().Where(each => each.Name == value).ToArray() is { Length: 1 } target =>
            this with { Targets = target },
        "--again" => this with { Again = Convert.FromHexString(value) },
        "--save" => this with { Folder = value },
        _ => null,
    };
}
