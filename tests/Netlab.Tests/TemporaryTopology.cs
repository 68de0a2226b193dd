using AnycastVip.Netlab.Model;

namespace AnycastVip.Netlab.Tests;

/// <summary>A topology file in a directory of its own, with a file to bind beside it.</summary>
internal sealed class TemporaryTopology : IDisposable
{
    public TemporaryTopology(string content)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("netlab-tests-").FullName;
        File = Path.Combine(Directory, "lab.clab.yml");
        System.IO.File.WriteAllText(File, content);
        System.IO.File.WriteAllText(Path.Combine(Directory, "node.conf"), "");
    }

    public string Directory { get; }

    public string File { get; }

    /// <summary>Reads a file that must have no fault.</summary>
    public static Topology LoadValid(string content)
    {
        using var file = new TemporaryTopology(content);
        return file.LoadValid();
    }

    /// <summary>Reads the file, which must have no fault.</summary>
    public Topology LoadValid()
    {
        var result = TopologyFile.Load(File);
        Assert.Empty(result.Diagnostics);
        return result.Topology!;
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
