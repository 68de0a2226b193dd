namespace AnycastVip.StrictYaml.Tests;

public sealed class MappingReaderTests
{
    private static readonly ScalarType<long> Number = ScalarTypes.Integer(1, 10);

    [Fact]
    public void Keys_that_nobody_asked_for_are_unknown()
    {
        var reader = Documents.Open("port: 1\nprot: 2\nelephant: 3\n", out var diagnostics);
        reader.Optional("port", Number, 0);
        reader.Finish();

        Assert.Equal(
            ["f:2:1: error: unknown key 'prot' (did you mean 'port'?)", "f:3:1: error: unknown key 'elephant'"],
            diagnostics.Texts());
    }

    [Fact]
    public void A_refused_key_is_told_once_and_never_suggested()
    {
        var reader = Documents.Open("damping: 1\ndampin: 2\n", out var diagnostics);
        reader.Refuse("damping", "is not supported yet");
        reader.Finish();

        Assert.Equal(
            ["f:1:1: error: 'damping' is not supported yet", "f:2:1: error: unknown key 'dampin'"],
            diagnostics.Texts());
    }

    [Fact]
    public void A_missing_key_is_told_where_the_mapping_starts()
    {
        var reader = Documents.Open("a:\n  b: 1\n", out var diagnostics).Mapping("a")!;

        Assert.Equal(7, reader.Required("port", Number, 7));
        Assert.Equal(["f:2:3: error: the key 'port' is missing"], diagnostics.Texts());
    }

    [Fact]
    public void What_is_refused_falls_back_and_reading_goes_on()
    {
        var reader = Documents.Open("a: 11\nb: [1]\nc:\nd: 4\n", out var diagnostics);

        Assert.Equal([0, 0, 0, 4], new[] { "a", "b", "c", "d" }.Select(key => reader.Optional(key, Number, 0)));
        Assert.Equal(
            [
                "f:1:4: error: a: '11' is not in the range 1–10",
                "f:2:4: error: expected a value for 'b' (whole number 1–10), found a list",
                "f:3:3: error: expected a value for 'c' (whole number 1–10), found nothing",
            ],
            diagnostics.Texts());
    }

    [Fact]
    public void A_list_leaves_out_what_is_refused_and_knows_each_position()
    {
        var reader = Documents.Open("a: [1, x, 3]\n", out var diagnostics);

        Assert.Equal(
            [new Located<long>(new Position(1, 5), 1), new Located<long>(new Position(1, 11), 3)],
            reader.List("a", Number));
        Assert.Null(reader.List("b", Number));
        Assert.Equal(
            ["f:1:8: error: a: 'x' is not a whole number in decimal digits without quotes"], diagnostics.Texts());
    }

    [Fact]
    public void Defaults_stand_behind_the_mapping_with_their_own_positions()
    {
        var root = Documents.Open("defaults: {a: 1, b: 2}\nown: {a: 3}\n", out var diagnostics);
        var reader = MappingReader.Open(root.Node("own")!, diagnostics, root.Mapping("defaults"))!;

        Assert.Equal((3, 2), (reader.Optional("a", Number, 0), reader.Optional("b", Number, 0)));
        Assert.Equal(
            (new Position(2, 10), new Position(1, 21)), (reader.PositionOf("a"), reader.PositionOf("b")));
        reader.Finish();
        Assert.Empty(diagnostics.Texts());
    }

    [Fact]
    public void What_the_document_refused_is_not_refused_again()
    {
        var reader = Documents.Open("a: yes\nb: !x {}\n", out var diagnostics);
        reader.Optional("a", ScalarTypes.Boolean, false);
        reader.Mapping("b");

        Assert.Equal(2, diagnostics.Texts().Length);
    }

    [Fact]
    public void A_mapping_of_names_knows_all_of_its_keys()
    {
        var reader = Documents.Open("r1: 1\nr2: 2\n", out var diagnostics);

        Assert.Equal(["r1", "r2"], reader.AllEntries().Select(entry => entry.Key));
        reader.Finish();
        Assert.Empty(diagnostics.Texts());
    }

    [Fact]
    public void A_warning_is_no_error()
    {
        var diagnostics = new DiagnosticList("f");
        diagnostics.Warning(new Position(2, 3), "odd");

        Assert.False(diagnostics.HasErrors);
        Assert.Equal(["f:2:3: warning: odd"], diagnostics.Texts());
    }

    [Fact]
    public void Findings_come_once_and_in_the_order_of_the_file()
    {
        var diagnostics = new DiagnosticList("f");
        diagnostics.Error(new Position(10, 1), "c");
        diagnostics.Error(new Position(2, 10), "b");
        diagnostics.Error(new Position(2, 9), "a");
        diagnostics.Error(new Position(2, 9), "a");

        Assert.Equal(["f:2:9: error: a", "f:2:10: error: b", "f:10:1: error: c"], diagnostics.Texts());
    }
}
