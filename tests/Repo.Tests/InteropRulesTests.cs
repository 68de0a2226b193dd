namespace AnycastVip.Repo.Tests;

public sealed class InteropRulesTests
{
    [Fact]
    public void Every_test_that_the_page_names_exists() =>
        Breaches.AssertNone(InteropRules.UnknownTests(Repository.Files));

    [Fact]
    public void The_page_is_there() => Assert.Contains(Repository.Files, file => file.Path == InteropRules.Page);

    [Theory]
    [InlineData("| MD5 | `A_session_with_MD5` |", 0)]
    [InlineData("| MD5 | `A_session_without_MD5` |", 1)]
    [InlineData("`import limit 1` and `Poll`", 0)]
    public void A_test_that_does_not_exist_is_found(string line, int breaches) =>
        Assert.Equal(
            breaches,
            InteropRules.UnknownTests(
                [new("tests/Lab.Tests/A.cs", "public async Task A_session_with_MD5()"), new(InteropRules.Page, line)])
            .Count());
}
