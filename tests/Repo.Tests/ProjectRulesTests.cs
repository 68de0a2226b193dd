namespace AnycastVip.Repo.Tests;

public sealed class ProjectRulesTests
{
    [Fact]
    public void Projects_reference_only_what_they_may() =>
        Breaches.AssertNone(ProjectRules.ReferenceArrows(Repository.Files));

    [Fact]
    public void Package_versions_are_central() => Breaches.AssertNone(ProjectRules.LocalVersions(Repository.Files));

    [Fact]
    public void No_project_file_hides_a_using() => Breaches.AssertNone(ProjectRules.HiddenUsings(Repository.Files));

    [Fact]
    public void Every_project_is_locked() => Breaches.AssertNone(ProjectRules.MissingLocks(Repository.Files));

    [Fact]
    public void Every_project_is_in_the_solution() =>
        Breaches.AssertNone(ProjectRules.ProjectsOutsideTheSolution(Repository.Files));

    [Theory]
    [InlineData("src/BgpSpeaker/BgpSpeaker.csproj", "../Rpc/Rpc.csproj", true)]
    [InlineData("src/BgpSpeaker/BgpSpeaker.csproj", "../StrictYaml/StrictYaml.csproj", false)]
    [InlineData("src/BgpSpeaker/BgpSpeaker.csproj", "../HealthGate/HealthGate.csproj", false)]
    [InlineData("src/Proxy/Proxy.csproj", "../BgpSpeaker/BgpSpeaker.csproj", false)]
    [InlineData("src/Vipd/Vipd.csproj", "../BgpSpeaker/BgpSpeaker.csproj", true)]
    [InlineData("src/New/New.csproj", "../Rpc/Rpc.csproj", false)]
    [InlineData("tests/X.Tests/X.Tests.csproj", "../../src/Proxy/Proxy.csproj", true)]
    public void A_reference_against_the_rule_is_found(string path, string reference, bool allowed) =>
        Assert.Equal(allowed, !ProjectRules.ReferenceArrows(
            [Project(path, $"""<ProjectReference Include="{reference}" />""")]).Any());

    [Theory]
    [InlineData("""<PackageReference Include="A" />""", 0)]
    [InlineData("""<PackageReference Include="A" Version="1.0.0" />""", 1)]
    [InlineData("""<PackageReference Include="A" VersionOverride="1.0.0" />""", 1)]
    [InlineData("""<PackageReference Include="A"><Version>1.0.0</Version></PackageReference>""", 1)]
    [InlineData("""<PackageVersion Include="A" Version="1.0.0" />""", 0)]
    public void A_version_in_a_project_file_is_found(string item, int breaches) =>
        Assert.Equal(breaches, ProjectRules.LocalVersions([Project("a/a.csproj", item)]).Count());

    [Fact]
    public void A_hidden_using_is_found()
    {
        const string item = """<Using Include="AnycastVip.BgpSpeaker.Rib" />""";
        Assert.Single(ProjectRules.HiddenUsings([Project("src/a/a.csproj", item)]));
        Assert.Empty(ProjectRules.HiddenUsings([Project("tests/a/a.csproj", item)]));
    }

    [Fact]
    public void A_missing_lock_file_is_found()
    {
        var project = Project("src/a/a.csproj", "");
        Assert.Single(ProjectRules.MissingLocks([project]));
        Assert.Empty(ProjectRules.MissingLocks([project, new("src/a/packages.lock.json", "{}")]));
    }

    [Fact]
    public void A_project_outside_the_solution_is_found()
    {
        var solution = new SourceFile("AnycastVip.sln", """Project("{0}") = "a", "src\a\a.csproj", "{1}" """);
        Assert.Empty(ProjectRules.ProjectsOutsideTheSolution([solution, Project("src/a/a.csproj", "")]));
        Assert.Single(ProjectRules.ProjectsOutsideTheSolution([solution, Project("src/b/b.csproj", "")]));
    }

    private static SourceFile Project(string path, string items) =>
        new(path, $"<Project><ItemGroup>{items}</ItemGroup></Project>");
}
