using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AnycastVip.Vipd.Configuration;

namespace AnycastVip.Vipd.Tests.Reference;

/// <summary>Writes docs/configuration.md and docs/node.schema.json from the keys that the program reads.</summary>
internal static class ConfigurationReference
{
    private const string Introduction = """
        # The configuration file

        One YAML file tells every process of a node what to do. `vipd --check --config FILE` reads it and reports all
        that is wrong with it, one finding a line, as `file:line:column: error: what`; warnings do not stop anything.

        The file is strict: an unknown key is an error, and so is a key given twice, an anchor or alias, a merge key, a
        tag, a directive, a second document, a tab in the indentation, `yes`, `no`, `on` and `off` without quotes, and
        a duration without unit. Durations are whole numbers with `ms`, `s`, `m` or `h`. Quote an address that starts
        or ends with a colon, or that stands in brackets of its own. A key whose feature does not exist yet is refused
        as "not supported yet". The same as a JSON Schema, for editors, is in [node.schema.json](node.schema.json).

        This page is written from the table of keys that the program reads through; a test compares them.

        ```yaml
        version: 1
        node: {name: edge-ams-1, site: ams, asn: 65001, routerId: 10.0.1.2}
        peerDefaults: {holdTime: 9s, ttlSecurityHops: 1}
        peers:
          - {name: tor1, address: 10.0.1.1, asn: 65100, families: [ipv4, ipv6]}
        speaker:
          allowedPrefixes:
            - {prefix: 203.0.113.0/24, ge: 32}
            - {prefix: "2001:db8::/48", ge: 128}
        checks:
          http-ok: {type: http, path: /healthz, expectStatus: [200-299]}
        pools:
          web:
            check: http-ok
            backends:
              - {name: s1, address: "127.0.0.1:8081"}
              - {name: s2, address: "127.0.0.1:8082"}
        vips:
          - name: web
            addresses: [203.0.113.50, "2001:db8::50"]
            listeners: [{port: 80, pool: web}]
            announce: {communities: ["65001:100"]}
            standby: {below: 50%, med: 500}
        ```

        """;

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Markdown()
    {
        var text = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        Append(text, "Top level", RootKeys.Section);
        return text.ToString();
    }

    public static string Schema()
    {
        var schema = JsonNode.Parse(RootKeys.Section.JsonSchema)!.AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "AnycastVip node configuration, version 1");
        return $"{schema.ToJsonString(Indented)}\n";
    }

    private static void Append(StringBuilder text, string path, Section section)
    {
        text.Append($"\n## {path}\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
        foreach (var key in section.Keys)
            text.Append($"| `{key.Name}` | {key.TypeDescription} | {Default(key)} | {key.Meaning} |\n");
        if (section.NotYet.Count > 0)
            text.Append($"\nNot supported yet: {string.Join(", ", section.NotYet.Select(name => $"`{name}`"))}.\n");
        var prefix = path == "Top level" ? "" : $"{path.Trim('`')}.";
        foreach (var key in section.Keys.OfType<SectionKey>())
        {
            // The same keys as in the list, less those that only one item can have.
            if (key == RootKeys.PeerDefaults)
                AppendDefaults(text, key, RootKeys.Peers);
            else if (key == RootKeys.VipDefaults)
                AppendDefaults(text, key, RootKeys.Vips);
            else
                Append(text, $"`{prefix}{key.Name}{Suffix(key)}`", key.Section);
        }
    }

    private static void AppendDefaults(StringBuilder text, SectionKey defaults, SectionKey list)
    {
        var own = list.Section.Keys.Except(defaults.Section.Keys).Select(key => $"`{key.Name}`");
        text.Append($"\n## `{defaults.Name}`\n\nEvery key of `{list.Name}[]` but {string.Join(", ", own)}.\n");
    }

    private static string Suffix(SectionKey key) => key.Shape switch
    {
        SectionShape.List => "[]",
        SectionShape.Named => ".NAME",
        _ => "",
    };

    private static string Default(Key key) =>
        key.IsRequired ? "required" : key.DefaultText is { } text ? $"`{text}`" : key.Otherwise ?? "none";
}
