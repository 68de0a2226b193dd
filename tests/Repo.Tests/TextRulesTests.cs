namespace AnycastVip.Repo.Tests;

public sealed class TextRulesTests
{
    [Fact]
    public void No_work_is_put_off() => Breaches.AssertNone(TextRules.PutOffWork(Repository.Files));

    [Fact]
    public void No_directory_of_one_machine_is_named() => Breaches.AssertNone(TextRules.MachinePaths(Repository.Files));

    [Fact]
    public void The_documents_and_the_scripts_exist() => Breaches.AssertNone(TextRules.MissingFiles(Repository.Files));

    [Fact]
    public void Scripts_are_executable() =>
        Breaches.AssertNone(TextRules.ScriptsThatCannotRun(Repository.Files, Repository.IsExecutable));

    [Theory]
    [InlineData("// TO" + "DO: later", 1)]
    [InlineData("# FIX" + "ME", 1)]
    [InlineData("an ugly HA" + "CK, sorry", 1)]
    [InlineData("a todo list, HACKNEY", 0)]
    public void Put_off_work_is_found(string line, int breaches) =>
        Assert.Equal(breaches, TextRules.PutOffWork([new("a.cs", line)]).Count());

    [Theory]
    [InlineData("/wor" + "k/main", 1)]
    [InlineData("see \"/far" + "m/x\"", 1)]
    [InlineData("obj/wor" + "k/x", 0)]
    [InlineData("/works/x", 0)]
    public void A_directory_of_one_machine_is_found(string line, int breaches) =>
        Assert.Equal(breaches, TextRules.MachinePaths([new("a.md", line)]).Count());

    [Fact]
    public void A_missing_file_is_found()
    {
        var all = TextRules.RequiredFiles.Select(path => new SourceFile(path, "")).ToList();
        Assert.Empty(TextRules.MissingFiles(all));
        Assert.Equal("README.md", Assert.Single(TextRules.MissingFiles(all.Skip(1))).Path);
    }

    [Theory]
    [InlineData("#!/bin/sh\n", false, 1)]
    [InlineData("#!/bin/sh\n", true, 0)]
    [InlineData("text\n", false, 0)]
    public void A_script_without_the_executable_bit_is_found(string text, bool executable, int breaches) =>
        Assert.Equal(breaches, TextRules.ScriptsThatCannotRun([new("run", text)], _ => executable).Count());
}
