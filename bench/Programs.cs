namespace AnycastVip.Bench;

/// <summary>Programs that a measurement needs.</summary>
internal static class Programs
{
    /// <param name="packages">The Debian packages that have them.</param>
    /// <param name="names">Of the programs.</param>
    /// <exception cref="FileNotFoundException">One is missing; the message says what to install.</exception>
    public static void Require(string packages, params string[] names)
    {
        var directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        foreach (var name in names)
        {
            if (!directories.Any(directory => File.Exists(Path.Combine(directory, name))))
                throw new FileNotFoundException($"There is no {name}: run 'lab/install-packages {packages}'.");
        }
    }
}
