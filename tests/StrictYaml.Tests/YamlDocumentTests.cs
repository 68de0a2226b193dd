namespace AnycastVip.StrictYaml.Tests;

public sealed class YamlDocumentTests
{
    [Fact]
    public void Every_node_knows_where_it_starts_and_how_it_is_written()
    {
        var root = Documents.Parse("a: 1\nbb:\n  - \"x\\ty\"\n  - {c: 'd'}\n", out var findings);

        Assert.Empty(findings);
        var mapping = Assert.IsType<YamlMapping>(root);
        Assert.Equal(["a", "bb"], mapping.Entries.Select(entry => entry.Key));
        Assert.Equal([new Position(1, 1), new Position(2, 1)], mapping.Entries.Select(entry => entry.KeyPosition));
        Assert.Equal(new YamlScalar(new Position(1, 4), "1", IsPlain: true), mapping.Entries[0].Value);
        var sequence = Assert.IsType<YamlSequence>(mapping.Entries[1].Value);
        Assert.Equal(new Position(3, 3), sequence.Position);
        Assert.Equal(new YamlScalar(new Position(3, 5), "x\ty", IsPlain: false), sequence.Items[0]);
        var inner = Assert.IsType<YamlMapping>(sequence.Items[1]);
        Assert.Equal(new Position(4, 5), inner.Position);
        Assert.Equal(new YamlScalar(new Position(4, 9), "d", IsPlain: false), inner.Entries[0].Value);
    }

    [Theory]
    [InlineData("a:\n")]
    [InlineData("a: ~\n")]
    [InlineData("a: null\n")]
    [InlineData("\uFEFFa:\r\n")]
    public void A_key_without_value_has_a_null(string text)
    {
        var mapping = Assert.IsType<YamlMapping>(Documents.Parse(text, out var findings));

        Assert.Empty(findings);
        Assert.True(Assert.IsType<YamlScalar>(Assert.Single(mapping.Entries).Value).IsNull);
    }

    [Theory]
    [InlineData("", "1:1: error: the file is empty")]
    [InlineData("# only a comment\n", "1:1: error: the file is empty")]
    [InlineData("[1, 2", "1:1: error: the '[' is never closed")]
    [InlineData("{a: {b: 1}", "1:1: error: the '{' is never closed")]
    [InlineData("a: 1\n---\nb: 2\n", "2:1: error: a second document; only one is allowed")]
    [InlineData("%YAML 1.2\n---\na: 1\n", "1:1: error: directives are not supported")]
    [InlineData("%OTHER\n---\na: 1\n", "1:1: error: directives are not supported")]
    [InlineData("\ta: 1\n", "1:1: error: a tab cannot indent: use spaces")]
    [InlineData("a:\n  b:\n  \tc: 1\n", "3:3: error: a tab cannot indent: use spaces")]
    [InlineData("a: 1\nb: 2\na: 3\n", "3:1: error: duplicate key 'a', first on line 1")]
    [InlineData("a: {b: 1, b: 2}\n", "1:11: error: duplicate key 'b', first on line 1")]
    [InlineData("a: &x 1\n", "1:4: error: anchors are not allowed: '&x'")]
    [InlineData("a: *x\n", "1:4: error: aliases are not allowed: '*x'")]
    [InlineData("<<: {a: 1}\n", "1:1: error: merge keys are not supported")]
    [InlineData("a: !!int 1\n", "1:4: error: tags are not supported: 'tag:yaml.org,2002:int'")]
    [InlineData("a: !x {b: 1}\n", "1:4: error: tags are not supported: '!x'")]
    [InlineData("? [a]\n: 1\n", "1:3: error: a key must be a single value")]
    [InlineData(": 1\n", "1:1: error: a key is missing before the ':'")]
    [InlineData("a: On\n", "1:4: error: 'On' is a boolean to some YAML readers: write true or false, or quote it")]
    [InlineData(
        "a: \u0001\n",
        "1:4: error: the character U+0001 is not allowed here: write it as an escape in double quotes")]
    [InlineData(
        "a: 1\rb: 2\n",
        "1:5: error: the character U+000D is not allowed here: write it as an escape in double quotes")]
    [InlineData(
        "a: x\u2028y\n",
        "1:5: error: the character U+2028 is not allowed here: write it as an escape in double quotes")]
    [InlineData(
        "a: \"x\n",
        "1:4: error: not valid YAML: while scanning a quoted scalar, found unexpected end of stream")]
    [InlineData("a: 1\n- b\n", "2:1: error: not valid YAML: while parsing a block mapping, did not find expected key")]
    [InlineData(
        "a: {b: 1 c: 2}\n",
        "1:11: error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}' "
        + "(inside the '{' at 1:4)")]
    [InlineData(
        "a: [1, 2\nb: 3\n",
        "2:1: error: not valid YAML: the text breaks off in the middle of a node (inside the '[' at 1:4)")]
    [InlineData("a: {b\"q\"}\ne:\n  - :\n", "4:1: error: not valid YAML: a value is missing before this")]
    public void A_fault_is_told_with_its_position(string text, string expected)
    {
        Documents.Parse(text, out var findings);

        Assert.Equal([$"f:{expected}"], findings);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)':', (byte)' ', 0xFF }, "1:4: error: octet 0xFF is not UTF-8")]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', 0xC3 }, "2:1: error: octet 0xC3 is not UTF-8")]
    [InlineData(new byte[] { (byte)'a', 0xC0, 0x80 }, "1:2: error: octet 0xC0 is not UTF-8")]
    [InlineData(new byte[] { 0xFF, 0xFE, (byte)'a', 0 }, "1:1: error: octet 0xFF is not UTF-8")]
    public void Octets_that_are_not_utf_8_are_refused(byte[] octets, string expected)
    {
        var diagnostics = new DiagnosticList("f");

        Assert.Null(YamlDocument.Parse(octets, new YamlOptions(), diagnostics));
        Assert.Equal([$"f:{expected}"], diagnostics.Texts());
    }

    [Fact]
    public void Faults_that_do_not_hide_the_rest_come_all_at_once()
    {
        Documents.Parse("a: yes\nb: &x 1\nb: !t 2\n", out var findings);

        Assert.Equal(4, findings.Length);
    }

    [Theory]
    [InlineData("[", "1:33: error: nested more than 32 deep")]
    [InlineData("{", "1:33: error: nested more than 32 deep")]
    [InlineData("- ", "1:65: error: nested more than 32 deep")]
    [InlineData("? ", "1:65: error: nested more than 32 deep")]
    public void Deep_nesting_is_refused_before_the_stack_ends(string opening, string expected)
    {
        Documents.Parse(string.Concat(Enumerable.Repeat(opening, 100_000)), out var findings);

        Assert.Equal([$"f:{expected}"], findings);
    }

    [Fact]
    public void A_large_file_is_refused()
    {
        Documents.Parse(new string('#', 101), out var findings, new YamlOptions { MaximumOctets = 100 });

        Assert.Equal(["f:1:1: error: the file has more than 100 octets"], findings);
    }

    [Fact]
    public void Anchors_that_multiply_are_refused_by_what_they_stand_for()
    {
        const string text = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n";

        Documents.Parse(text, out var findings, new YamlOptions { AllowAnchors = true, MaximumNodes = 100 });

        Assert.Equal(["f:3:20: error: more than 100 values"], findings);
    }

    [Fact]
    public void An_alias_stands_for_the_node_of_its_anchor_where_that_is_allowed()
    {
        var options = new YamlOptions { AllowAnchors = true };

        var mapping = Assert.IsType<YamlMapping>(Documents.Parse("a: &x [1]\nb: *x\n", out var findings, options));

        Assert.Empty(findings);
        Assert.Same(mapping.Entries[0].Value, mapping.Entries[1].Value);
    }

    [Theory]
    [InlineData("a: *x\n", "f:1:4: error: no anchor '&x' before this alias")]
    [InlineData("a: &x [*x]\n", "f:1:8: error: no anchor '&x' before this alias")]
    public void An_alias_needs_a_finished_anchor_before_it(string text, string expected)
    {
        Documents.Parse(text, out var findings, new YamlOptions { AllowAnchors = true });

        Assert.Equal([expected], findings);
    }

    [Fact]
    public void Yaml_1_1_booleans_are_text_where_they_are_allowed()
    {
        var options = new YamlOptions { AllowYaml11Booleans = true };

        var mapping = Assert.IsType<YamlMapping>(Documents.Parse("a: yes\n", out var findings, options));

        Assert.Empty(findings);
        Assert.Equal("yes", Assert.IsType<YamlScalar>(mapping.Entries[0].Value).Text);
    }

    [Fact]
    public void A_quoted_yes_is_text() => Assert.NotNull(Documents.Parse("a: \"yes\"\nb: 'no'\n", out _));
}
