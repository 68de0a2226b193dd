using System.Xml.Linq;

namespace AnycastVip.Repo.Tests;

/// <summary>What a project file may reference.</summary>
internal static class ProjectRules
{
    // The speaker, the gate and the proxy are three programs: they meet in proto/, never in code.
    private static readonly Dictionary<string, string[]> References = new()
    {
        ["proto/Proto.csproj"] = [],
        ["src/Rpc/Rpc.csproj"] = [],
        ["src/StrictYaml/StrictYaml.csproj"] = [],
        ["src/Netlink/Netlink.csproj"] = [],
        ["src/BgpSpeaker/BgpSpeaker.csproj"] = ["Netlink", "Proto", "Rpc"],
        ["src/HealthGate/HealthGate.csproj"] = ["Netlink", "Proto", "Rpc"],
        ["src/Proxy/Proxy.csproj"] = ["Proto", "Rpc"],
        ["src/Vipd/Vipd.csproj"] = ["BgpSpeaker", "HealthGate", "Proxy", "Rpc", "StrictYaml"],
        ["src/Vipctl/Vipctl.csproj"] = ["BgpSpeaker", "Proto", "Rpc"],
        ["lab/Netlab/Netlab.csproj"] = ["StrictYaml"],
    };

    /// <summary>A product project references only what the table above grants it; tests and bench are free.</summary>
    public static IEnumerable<Breach> ReferenceArrows(IEnumerable<SourceFile> files) =>
        from file in files
        where file.IsProject && !file.IsUnder("tests/", "bench/")
        let allowed = References.GetValueOrDefault(file.Path)
        from name in allowed is null ? ["(any: not in this rule's table)"] : Items(file, "ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")?.Value ?? ""))
            .Except(allowed)
        select new Breach(file.Path, 1, $"may not reference {name}");

    /// <summary>Versions of packages stand in Directory.Packages.props alone.</summary>
    public static IEnumerable<Breach> LocalVersions(IEnumerable<SourceFile> files) =>
        from file in files
        where file.IsProject || file.Path.EndsWith(".props", Ordinal) || file.Path.EndsWith(".targets", Ordinal)
        from reference in Items(file, "PackageReference")
        where reference.Attributes().Concat<XObject>(reference.Elements())
            .Any(version => version is XAttribute { Name.LocalName: "Version" or "VersionOverride" }
                or XElement { Name.LocalName: "Version" or "VersionOverride" })
        select new Breach(file.Path, 1, $"{reference.Attribute("Include")?.Value} has a version of its own");

    /// <summary>A using in a project file would name a room that no source file shows.</summary>
    public static IEnumerable<Breach> HiddenUsings(IEnumerable<SourceFile> files) =>
        from file in files
        where file.IsProject && !file.IsUnder("tests/")
        from item in Items(file, "Using")
        select new Breach(file.Path, 1, $"a using of {item.Attribute("Include")?.Value} in the project file");

    /// <summary>Every project's packages are locked.</summary>
    public static IEnumerable<Breach> MissingLocks(IReadOnlyCollection<SourceFile> files)
    {
        var paths = files.Select(file => file.Path).ToHashSet();
        return
            from file in files
            where file.IsProject
            let folder = Path.GetDirectoryName(file.Path)
            where !paths.Contains($"{folder}/packages.lock.json")
            select new Breach(file.Path, 1, "has no packages.lock.json beside it");
    }

    /// <summary>A project outside the solution is neither built nor tested.</summary>
    public static IEnumerable<Breach> ProjectsOutsideTheSolution(IReadOnlyCollection<SourceFile> files)
    {
        var solution = files.Single(file => file.Path == "AnycastVip.sln").Text.Replace('\\', '/');
        return
            from file in files
            where file.IsProject && !solution.Contains($"\"{file.Path}\"", Ordinal)
            select new Breach(file.Path, 1, "is not in AnycastVip.sln");
    }

    private static IEnumerable<XElement> Items(SourceFile file, string name) =>
        XDocument.Parse(file.Text).Descendants().Where(element => element.Name.LocalName == name);
}
