namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Chooses by the source address with Maglev's table: one look, whatever the number of backends. One that is not
/// eligible keeps its entries: a source that finds it there goes on through a permutation of the table that is its own,
/// so that no other source moves, and those that do spread by weight over the rest.
/// </summary>
internal sealed class Maglev(MaglevTable table) : IPicker
{
    // Where most are not eligible looking on is slower than one pass over the backends.
    private const int Looks = 16;

    private readonly Rendezvous _lastResort = new();

    public MaglevTable Table => table;

    public int Pick(ReadOnlySpan<Backend> backends, Turn turn)
    {
        var hash = turn.Source.Hash(seed: 0);
        var size = (ulong)table.Size;
        var entry = hash % size;
        var step = 1 + (Hashing.Mix(hash) % (size - 1));
        for (var look = 0; look < Looks; look++)
        {
            if (table[(int)entry] is not { } index)
                return -1;
            if (backends[index].IsEligible(turn) && IsOldEnough(backends[index], hash, turn.Now))
                return index;
            entry = (entry + step) % size;
        }
        return _lastResort.Pick(backends, turn);
    }

    // A backend in slow start takes its sources one after another, each by a lot of its own, and keeps them.
    private static bool IsOldEnough(Backend backend, ulong source, TimeSpan now)
    {
        var full = backend.Spec.Weight * SlowStart.Unit;
        var share = backend.ShareAt(now);
        return share == full || Hashing.ToUnit(Hashing.Mix(source ^ backend.NameHash)) * full <= share;
    }
}
