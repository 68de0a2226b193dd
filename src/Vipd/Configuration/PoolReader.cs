using System.Net;
using AnycastVip.BgpSpeaker.Wire;
using AnycastVip.HealthGate.Engine;
using AnycastVip.StrictYaml;

namespace AnycastVip.Vipd.Configuration;

/// <summary>Reads an item of <c>pools</c>.</summary>
internal sealed class PoolReader(DiagnosticList diagnostics, NamedItems<CheckOptions> checks)
{
    private readonly List<Located<IPEndPoint>> _addresses = [];

    /// <summary>The addresses of all backends that were read.</summary>
    public IReadOnlyList<Located<IPEndPoint>> Addresses => _addresses;

    /// <summary>The pool; null when its check or one of its backends is not known.</summary>
    public PoolOptions? Read(string name, MappingReader reader)
    {
        var balance = reader.Read(PoolKeys.Balance, Balance.LeastConnections);
        var checkName = reader.Read(PoolKeys.Check, CheckReader.BuiltInName);
        var check = checks.Find(checkName, reader.PositionOf(PoolKeys.Check.Name), PoolKeys.Check);
        var connectTimeout = reader.Read(PoolKeys.ConnectTimeout, default);
        var connectRetries = (int)reader.Read(PoolKeys.ConnectRetries, 0);
        var slowStart = reader.Read(PoolKeys.SlowStart, default);
        var persistence = ReadPersistence(reader);
        var queue = ReadQueue(reader);
        var sendProxyProtocol = reader.ReadNullable(PoolKeys.SendProxyProtocol) ?? ProxyProtocol.None;
        var backends = ReadBackends(reader);
        if (queue is not null && backends?.All(backend => backend.MaxConnections == 0) == true)
            diagnostics.Error(reader, PoolKeys.Queue, "no backend has maxConnections: none is ever full");
        reader.Finish(PoolKeys.Section);
        return check is null || backends is null ? null : new PoolOptions
        {
            Name = name,
            Balance = balance,
            Check = check,
            ConnectTimeout = connectTimeout,
            ConnectRetries = connectRetries,
            SlowStart = slowStart,
            SendProxyProtocol = sendProxyProtocol,
            Persistence = persistence,
            Queue = queue,
            Backends = backends,
        };
    }

    private static PersistenceOptions? ReadPersistence(MappingReader pool)
    {
        if (pool.Read(PoolKeys.Persistence) is not { } reader)
            return null;
        var persistence = new PersistenceOptions(
            reader.Read(PersistenceKeys.Ttl, default),
            (int)reader.Read(PersistenceKeys.IPv4Prefix, 0),
            (int)reader.Read(PersistenceKeys.IPv6Prefix, 0),
            (int)reader.Read(PersistenceKeys.MaxEntries, 0));
        reader.Finish(PersistenceKeys.Section);
        return persistence;
    }

    private static QueueOptions? ReadQueue(MappingReader pool)
    {
        if (pool.Read(PoolKeys.Queue) is not { } reader)
            return null;
        var queue = new QueueOptions((int)reader.Read(QueueKeys.Size, 1), reader.Read(QueueKeys.Timeout, default));
        reader.Finish(QueueKeys.Section);
        return queue;
    }

    private ValueList<BackendOptions>? ReadBackends(MappingReader pool)
    {
        pool.Require(PoolKeys.Backends.Name);
        var unique = new UniqueValues("backend", diagnostics);
        var items = pool.Sequence(PoolKeys.Backends.Name) ?? [];
        var backends = items.Select(item => ReadBackend(item, unique)).OfType<BackendOptions>().ToValueList();
        if (pool.Node(PoolKeys.Backends.Name) is YamlSequence { Items: [] })
            diagnostics.Error(pool, PoolKeys.Backends, "at least one is needed");
        if (backends.Count == 0 || backends.Count < items.Count)
            return null;
        if (backends.All(backend => backend.IsBackup))
            diagnostics.Error(pool, PoolKeys.Backends, "all are backups: there is nothing that they could back up");
        else if (backends.All(backend => backend.Weight == 0 || backend.IsBackup))
            diagnostics.Error(pool, PoolKeys.Backends, "all have weight 0: no connection would be served");
        return backends;
    }

    private BackendOptions? ReadBackend(YamlNode item, UniqueValues unique)
    {
        if (MappingReader.Open(item, diagnostics) is not { } reader)
            return null;
        reader.Require(BackendKeys.Name.Name);
        var name = reader.ReadOrNull(BackendKeys.Name);
        reader.Require(BackendKeys.Address.Name);
        var address = reader.ReadOrNull(BackendKeys.Address);
        var weight = (int)reader.Read(BackendKeys.Weight, 1);
        var maxConnections = (int)(reader.ReadNullable(BackendKeys.MaxConnections) ?? 0);
        var isBackup = reader.Read(BackendKeys.Backup, false);
        reader.Finish(BackendKeys.Section);
        unique.Take(reader, BackendKeys.Name, name);
        unique.Take(reader, BackendKeys.Address, address);
        if (address is not null)
            _addresses.Add(new(reader.PositionOf(BackendKeys.Address.Name), address));
        return name is null || address is null ? null : new BackendOptions(name, address, weight, maxConnections)
        {
            IsBackup = isBackup,
        };
    }
}
