using AnycastVip.HealthGate.Engine;
using AnycastVip.HealthGate.Health;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads an item of <c>checks</c>.</summary>
internal sealed class CheckReader(DiagnosticList diagnostics)
{
    private const UnixFileMode Executable =
        UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The name of the check that needs not be written.</summary>
    public static string BuiltInName => PoolKeys.Check.DefaultText!;

    /// <summary>The check that needs not be written: every key of the table at its default.</summary>
    public CheckOptions BuiltIn() => new(
        BuiltInName,
        new CheckKind.Tcp(),
        ReadSettings(MappingReader.Open(new YamlMapping(Position.Start, []), diagnostics)!));

    /// <summary>The check; null when its type is not known.</summary>
    public CheckOptions? Read(string name, MappingReader reader)
    {
        if (name == CheckId.SelfProbe)
            diagnostics.Error(reader.Position, $"checks: {name.Quoted()} is the gate's own probe: take another name");
        reader.Require(CheckKeys.Type.Name);
        var type = reader.ReadNullable(CheckKeys.Type);
        var kind = ReadKind(reader, type);
        var settings = ReadSettings(reader);
        reader.Finish(CheckKeys.Section);
        return kind is null ? null : new CheckOptions(name, kind, settings);
    }

    private CheckKind? ReadKind(MappingReader reader, CheckType? type)
    {
        foreach (var (key, types) in CheckKeys.Special)
        {
            // Without a type nobody can say which keys are wrong: asking for one makes it known.
            if (type is not { } known)
                reader.Node(key.Name);
            else if (!types.Contains(known))
                reader.Refuse(key.Name, $"is for checks of type {Words(types)}, and this one is of type {Word(known)}");
        }
        return type switch
        {
            CheckType.Tcp => new CheckKind.Tcp(ReadPort(reader)),
            CheckType.Http => ReadHttp(reader),
            CheckType.Exec => ReadExec(reader),
            _ => null,
        };
    }

    private CheckKind.Http ReadHttp(MappingReader reader)
    {
        var statuses = reader.ReadDistinct(CheckKeys.ExpectStatus, diagnostics).Values();
        if (reader.Node(CheckKeys.ExpectStatus.Name) is YamlSequence { Items: [] })
            diagnostics.Error(reader, CheckKeys.ExpectStatus, "at least one is needed");
        return new CheckKind.Http(
            reader.Read(CheckKeys.Path, "/"),
            reader.ReadOrNull(CheckKeys.Host),
            string.Join(",", statuses),
            ReadPort(reader));
    }

    private CheckKind.Exec ReadExec(MappingReader reader)
    {
        reader.Require(CheckKeys.Command.Name);
        Located<string>[] words = [.. reader.Read(CheckKeys.Command)];
        if (reader.Node(CheckKeys.Command.Name) is YamlSequence { Items: [] })
            diagnostics.Error(reader, CheckKeys.Command, "a program is needed");
        if (words is not [var file, .. var arguments])
            return new CheckKind.Exec("", "");
        JudgeProgram(file);
        return new CheckKind.Exec(file.Value, string.Join('\0', arguments.Values()));
    }

    private void JudgeProgram(Located<string> file)
    {
        var path = file.Value.Quoted();
        if (!file.Value.StartsWith('/'))
            diagnostics.Error(file.At, $"command: {path} is not an absolute path: no search path applies here");
        // No error: the file may be checked on another machine than the node.
        else if (!IsExecutable(file.Value))
            diagnostics.Warning(file.At, $"command: {path} is not an executable file on this machine");
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Executable) != 0);

    private static int? ReadPort(MappingReader reader) => (int?)reader.ReadNullable(CheckKeys.Port);

    private CheckSettings ReadSettings(MappingReader reader)
    {
        var settings = new CheckSettings
        {
            Interval = reader.Read(CheckKeys.Interval, default),
            Timeout = reader.Read(CheckKeys.Timeout, default),
            Rise = (int)reader.Read(CheckKeys.Rise, 1),
            Fall = (int)reader.Read(CheckKeys.Fall, 1),
        };
        var fast = reader.ReadNullable(CheckKeys.FastInterval);
        var stale = reader.ReadNullable(CheckKeys.StaleAfter);
        if (fast > settings.Interval)
        {
            diagnostics.Error(
                reader,
                CheckKeys.FastInterval,
                $"{ScalarTypes.Format(fast.Value)} is more than interval, {ScalarTypes.Format(settings.Interval)}");
        }
        if (stale <= settings.Interval + settings.Timeout)
        {
            var least = ScalarTypes.Format(settings.Interval + settings.Timeout);
            diagnostics.Error(
                reader,
                CheckKeys.StaleAfter,
                $"{ScalarTypes.Format(stale.Value)} is not more than interval and timeout together, {least}: "
                + "the check would be stale between two good runs");
        }
        return settings with
        {
            FastInterval = fast ?? TimeSpan.FromTicks(Math.Min(settings.FastInterval.Ticks, settings.Interval.Ticks)),
            StaleAfter = stale ?? ((3 * settings.Interval) + settings.Timeout),
        };
    }

    private static string Words(IEnumerable<CheckType> types) => string.Join(" or ", types.Select(Word));

    private static string Word(CheckType type) => type.ToString().ToLowerInvariant();
}
