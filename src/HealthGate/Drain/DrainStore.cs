using System.Globalization;

namespace AnycastVip.HealthGate.Drain;

/// <summary>
/// The drains in force, and their file in the state directory. A change is in force at once, saved or not. Safe for
/// concurrent use; one process at a time owns the directory.
/// </summary>
public sealed class DrainStore : IDisposable
{
    /// <summary>Where a node keeps its state unless the configuration says otherwise.</summary>
    public const string DefaultDirectory = "/var/lib/vipd";

    private const string FileName = "drains.json";
    // Tens of thousands of drains.
    private const int MaxFileOctets = 16 * 1024 * 1024;

    private readonly string _path;
    private readonly StateDirectory _directory;
    private readonly Lock _changing = new();
    private readonly SemaphoreSlim _saving = new(1, 1);
    private volatile DrainSet _current;
    // The set in the file; null when that is not known. Belongs to the holder of _saving, as the next one.
    private DrainSet? _saved;
    // The name that a damaged file gets when it is replaced.
    private string? _keepOldAs;
    private volatile string? _persistError;

    private DrainStore(string path, StateDirectory directory, DrainSet drains, string? damage, string? keepOldAs)
    {
        _path = path;
        _directory = directory;
        _current = drains;
        _keepOldAs = keepOldAs;
        Damage = damage;
    }

    /// <summary>
    /// Locks the directory, reads the drains and saves them once, which shows early whether they can be. No file: no
    /// drains. A damaged or unreadable file: the node is drained, and the file is kept aside for a look at it.
    /// </summary>
    /// <param name="directory">An existing directory.</param>
    /// <param name="clock">The wall clock, for the time of a drain that a damaged file causes.</param>
    /// <exception cref="StateDirectoryException">
    /// The directory is missing, not accessible, or another process holds it.
    /// </exception>
    public static async Task<DrainStore> OpenAsync(string directory, TimeProvider clock)
    {
        var held = StateDirectory.Open(directory);
        var path = Path.Combine(directory, FileName);
        DrainStore store;
        if (TryRead(held, out var drains, out var fault))
        {
            store = new DrainStore(path, held, drains, damage: null, keepOldAs: null);
        }
        else
        {
            var now = clock.GetUtcNow();
            var aside = FileName + now.ToString("'.damaged-'yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
            var damage = $"{path} is damaged ({fault}), so this node counts as drained; see {aside} for what was " +
                "drained before, then undrain the node";
            var order = new DrainOrder(new DrainTarget.Node(), damage, DrainOrder.ByItself, now);
            store = new DrainStore(path, held, DrainSet.Empty.Drain(order), damage, aside);
        }
        await store.SaveAsync();
        return store;
    }

    /// <summary>The drains in force.</summary>
    public DrainSet Current => _current;

    /// <summary>Why the node was drained when the store was opened; null when the file was whole.</summary>
    public string? Damage { get; }

    /// <summary>
    /// Why the drains in force are not those in the file, and the remedy; null when they are. While it is set, call
    /// <see cref="SaveAsync"/> again now and then.
    /// </summary>
    public string? PersistError => _persistError;

    /// <summary>Adds an order; it is in force when this returns its task.</summary>
    /// <returns>When the disk has it: null; or why it could not be saved (it stays in force).</returns>
    public Task<string?> DrainAsync(DrainOrder order) => ChangeAsync(drains => drains.Drain(order));

    /// <summary>Takes an order back; it is out of force when this returns its task.</summary>
    /// <returns>When the disk has it: null; or why it could not be saved (it stays out of force).</returns>
    public Task<string?> UndrainAsync(DrainTarget target) => ChangeAsync(drains => drains.Undrain(target));

    /// <summary>Saves the drains in force unless the file has them.</summary>
    /// <returns>Null, or why they could not be saved.</returns>
    public async Task<string?> SaveAsync()
    {
        await _saving.WaitAsync();
        try
        {
            // Changes that came while an earlier one was being written are written together.
            var drains = _current;
            if (!ReferenceEquals(drains, _saved))
                _persistError = await Task.Run(() => Save(drains));
            return _persistError;
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <summary>Gives the directory up.</summary>
    public void Dispose() => _directory.Dispose();

    private static bool TryRead(StateDirectory directory, out DrainSet drains, out string fault)
    {
        drains = DrainSet.Empty;
        fault = "";
        try
        {
            if (directory.Read(FileName, MaxFileOctets) is not { } octets)
                return true;
            if (DrainFile.TryRead(octets, out var saved, out var reason))
                drains = saved;
            else
                fault = reason;
            return reason is null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = e.Message;
            return false;
        }
    }

    private Task<string?> ChangeAsync(Func<DrainSet, DrainSet> change)
    {
        lock (_changing)
            _current = change(_current);
        return SaveAsync();
    }

    private string? Save(DrainSet drains)
    {
        try
        {
            _directory.Replace(FileName, DrainFile.Write(drains), _keepOldAs);
            _keepOldAs = null;
            _saved = drains;
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{_path} cannot be saved ({e.Message}): what is drained now holds until this process ends, and " +
                "the next one reads the older file; free disk space or make the directory writable";
        }
    }
}
