namespace AnycastVip.Netlab.Tests;

public sealed class CommandLineInterfaceTests
{
    [Theory]
    [InlineData("")]
    [InlineData("deploy")]
    [InlineData("deploy -t lab.clab.yml surplus")]
    [InlineData("deploy -t lab.clab.yml -n ../x")]
    [InlineData("inspect -t lab.clab.yml -f yaml")]
    [InlineData("exec -t lab.clab.yml node")]
    [InlineData("destroy")]
    [InlineData("distroy -t lab.clab.yml")]
    public async Task Wrong_usage_exits_with_2(string line) =>
        Assert.Equal(2, await CommandLineInterface.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Fact]
    public async Task A_file_with_errors_exits_with_2()
    {
        using var file = new TemporaryTopology("name: x\n");

        Assert.Equal(2, await CommandLineInterface.RunAsync(["deploy", "-t", file.File]));
    }

    [Fact]
    public async Task A_file_that_is_not_there_exits_with_1() =>
        Assert.Equal(1, await CommandLineInterface.RunAsync(["deploy", "-t", "/no-such-directory/lab.clab.yml"]));

    [Fact]
    public async Task Using_a_lab_that_is_not_deployed_exits_with_1()
    {
        using var file = new TemporaryTopology("""
            name: never-deployed
            topology: {nodes: {a: {kind: linux, image: host}}}
            """);

        Assert.Equal(1, await CommandLineInterface.RunAsync(["inspect", "-t", file.File]));
        Assert.Equal(1, await CommandLineInterface.RunAsync(["exec", "-t", file.File, "a", "--", "true"]));
    }

    [Fact]
    public async Task Destroying_a_lab_that_is_not_deployed_is_no_fault() =>
        Assert.Equal(0, await CommandLineInterface.RunAsync(["destroy", "-n", "never-deployed"]));
}
