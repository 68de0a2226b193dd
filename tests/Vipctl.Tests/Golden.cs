using System.Runtime.CompilerServices;

namespace AnycastVip.Vipctl.Tests;

/// <summary>Files of inputs and of the exact output that belongs to them.</summary>
internal static class Golden
{
    /// <summary>The text of a file under golden/.</summary>
    public static string Read(string name) =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", name));

    /// <summary>
    /// Compares with a file under golden/. Run with VIP_GOLDEN=write to make the files anew, and review what changed.
    /// </summary>
    public static void AssertEqual(string name, string actual, [CallerFilePath] string thisFile = "")
    {
        if (Environment.GetEnvironmentVariable("VIP_GOLDEN") == "write")
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(thisFile)!, "golden", name), actual);
        else
            Assert.Equal(Read(name), actual);
    }
}
