namespace AnycastVip.Vipd.Tests.Configuration;

/// <summary>The files beside the tests.</summary>
internal static class TestFiles
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "configs", name);

    public static IEnumerable<string> Names(string directory) =>
        Directory.EnumerateFiles(PathOf(directory), "*.yaml").Select(path => Path.GetFileName(path)).Order();
}
