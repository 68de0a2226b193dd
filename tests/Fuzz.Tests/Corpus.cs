namespace AnycastVip.Fuzz.Tests;

/// <summary>
/// The inputs of one target that mutations start from: the seeds, the files, and what led to something new.
/// </summary>
internal sealed class Corpus
{
    // Beyond these an input, or one more of them, costs more time than it finds.
    private const int LongestInput = 4200;
    private const int MostInputs = 2000;

    private readonly List<byte[]> _inputs = [];
    private readonly HashSet<ulong> _signatures = [];

    public Corpus(FuzzTarget target)
    {
        Target = target;
        foreach (var input in target.Seeds().Concat(Saved(target.Name).Select(entry => entry.Input)))
            _inputs.Add(input);
    }

    public FuzzTarget Target { get; }

    public IReadOnlyList<byte[]> Inputs => _inputs;

    /// <summary>How many different things came of inputs.</summary>
    public int Signatures => _signatures.Count;

    /// <summary>
    /// The entries of <c>corpus/NAME.txt</c>: a line each, a name and the input as hexadecimal digits. What was once
    /// found to break something stays here by name.
    /// </summary>
    public static IEnumerable<(string Name, byte[] Input)> Saved(string target)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "corpus", $"{target}.txt");
        return !File.Exists(path)
            ? []
            : File.ReadLines(path)
                .Where(line => line.Length > 0 && line[0] != '#')
                .Select(line => line.Split(' '))
                .Select(words => (words[0], Convert.FromHexString(words[1])));
    }

    /// <summary>Keeps an input that something new came of.</summary>
    /// <returns>True if it did.</returns>
    public bool Learn(ReadOnlySpan<byte> input, ulong signature)
    {
        if (_inputs.Count >= MostInputs || !_signatures.Add(signature))
            return false;
        if (input.Length <= LongestInput)
            _inputs.Add(input.ToArray());
        return true;
    }
}
