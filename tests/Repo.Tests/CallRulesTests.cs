namespace AnycastVip.Repo.Tests;

public sealed class CallRulesTests
{
    [Fact]
    public void Product_code_takes_time_and_randomness_from_outside() =>
        Breaches.AssertNone(CallRules.BannedProductCalls(Repository.CSharp));

    [Fact]
    public void Tests_poll_instead_of_sleeping() => Breaches.AssertNone(CallRules.BannedTestCalls(Repository.CSharp));

    [Fact]
    public void Nothing_is_async_void() => Breaches.AssertNone(CallRules.AsyncVoid(Repository.CSharp));

    [Fact]
    public void No_test_is_skipped_for_good() => Breaches.AssertNone(CallRules.SkippedTests(Repository.CSharp));

    [Theory]
    [InlineData("_ = DateTime.Now;")]
    [InlineData("_ = DateTime.UtcNow;")]
    [InlineData("_ = System.DateTimeOffset.UtcNow;")]
    [InlineData("_ = Environment.TickCount64;")]
    [InlineData("_ = Random.Shared.Next();")]
    [InlineData("_ = new Random(1);")]
    [InlineData("Random random = new(1);")]
    [InlineData("Thread.Sleep(1);")]
    [InlineData("throw new NotImplementedException();")]
    [InlineData("await Task.Delay(1);")]
    [InlineData("await Task.Delay(TimeSpan.Zero, CancellationToken.None);")]
    [InlineData("await Task.CompletedTask.WaitAsync(TimeSpan.Zero);")]
    [InlineData("new CancellationTokenSource(TimeSpan.Zero);")]
    [InlineData("new PeriodicTimer(TimeSpan.Zero);")]
    public void A_banned_call_in_product_code_is_found(string statement)
    {
        Assert.Single(CallRules.BannedProductCalls(SourceSet.Of("src/a.cs", statement)));
        Assert.Empty(CallRules.BannedProductCalls(SourceSet.Of("bench/a.cs", statement)));
    }

    [Theory]
    [InlineData("await Task.Delay(TimeSpan.Zero, TimeProvider.System);")]
    [InlineData("await Task.CompletedTask.WaitAsync(CancellationToken.None);")]
    [InlineData("new CancellationTokenSource();")]
    [InlineData("_ = TimeProvider.System.GetUtcNow();")]
    public void A_call_that_takes_its_clock_is_fine(string statement) =>
        Assert.Empty(CallRules.BannedProductCalls(SourceSet.Of("src/a.cs", statement)));

    [Theory]
    [InlineData("Thread.Sleep(1);", 1)]
    [InlineData("_ = new Random();", 1)]
    [InlineData("_ = Random.Shared;", 1)]
    [InlineData("_ = new Random(1);", 0)]
    [InlineData("await Task.Delay(1);", 1)]
    [InlineData("await Task.Delay(TimeSpan.Zero, TimeProvider.System);", 0)]
    [InlineData("class Poll { Task Until() => Task.Delay(1); }", 0)]
    public void A_banned_call_in_a_test_is_found(string statement, int breaches) =>
        Assert.Equal(breaches, CallRules.BannedTestCalls(SourceSet.Of("tests/a.cs", statement)).Count());

    [Theory]
    [InlineData("async void Local() => await Task.Yield();", 1)]
    [InlineData("class C { async void M() => await Task.Yield(); }", 1)]
    [InlineData("Action action = async () => await Task.Yield();", 1)]
    [InlineData("Func<Task> function = async () => await Task.Yield();", 0)]
    public void Async_void_is_found(string statement, int breaches) =>
        Assert.Equal(breaches, CallRules.AsyncVoid(SourceSet.Of("src/a.cs", statement)).Count());

    [Theory]
    [InlineData("class C { [Fact(Skip = \"flaky\")] void M() { } }", 1)]
    [InlineData("class C { [Fact] void M() => Assert.Skip(\"needs root\"); }", 0)]
    public void A_skipped_test_is_found(string statement, int breaches) =>
        Assert.Equal(breaches, CallRules.SkippedTests(SourceSet.Of("tests/a.cs", statement)).Count());
}
