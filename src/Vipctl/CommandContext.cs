namespace AnycastVip.Vipctl;

/// <summary>What a command knows of the world outside.</summary>
internal sealed record CommandContext
{
    /// <summary>Where vipd serves unless its configuration says otherwise.</summary>
    public const string StandardApiDirectory = "/run/vipd";

    public required TextReader In { get; init; }

    /// <summary>Opens standard input for octets.</summary>
    public Func<Stream> OpenIn { get; init; } = () => Stream.Null;

    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TimeProvider Clock { get; init; }

    /// <summary>True when <see cref="Out"/> is a terminal: --watch redraws it instead of appending.</summary>
    public bool IsScreen { get; init; }

    /// <summary>True when <see cref="In"/> is a terminal, where nobody expects a command to wait for input.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Where the sockets are when --api-directory is not given.</summary>
    public string DefaultApiDirectory { get; init; } = StandardApiDirectory;

    /// <summary>Where programs of ours are looked for, first come first served.</summary>
    public IReadOnlyList<string> ProgramDirectories { get; init; } = [];

    /// <summary>On a terminal, makes room for the next picture of a watch.</summary>
    public void ClearScreen()
    {
        if (IsScreen)
            Out.Write("\e[H\e[2J");
    }

    /// <summary>Says on standard error what went wrong, or must be known besides the answer.</summary>
    public void Complain(string message) => Error.WriteLine($"vipctl: {message}");
}
