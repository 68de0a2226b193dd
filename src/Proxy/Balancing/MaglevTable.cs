namespace AnycastVip.Proxy.Balancing;

/// <summary>
/// Maglev's lookup table (Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016,
/// section 3.4): each backend has a permutation of the entries, made of its name alone, and all take turns in claiming
/// the next one that is free. Turns follow the weights: the k-th of a backend comes at the time (k + u) / weight, where
/// u is its own fraction, so that no backend's schedule depends on another's. It is made once for a pool's
/// names and weights: 65,537 entries take about 10 ms, ten times as many about 200 ms.
/// </summary>
internal sealed class MaglevTable
{
    private const int EntriesPerBackend = 100;
    private const ushort Free = ushort.MaxValue;

    // Primes: every step then leads through all entries.
    private static readonly int[] Sizes = [65_537, 655_373, 1_000_003];

    private readonly (string Name, int Weight)[] _members;
    private readonly ushort[] _entries;

    private MaglevTable((string Name, int Weight)[] members)
    {
        _members = members;
        _entries = new ushort[SizeFor(members.Length)];
        Array.Fill(_entries, Free);
        Fill();
    }

    /// <summary>How many entries there are: a prime.</summary>
    public int Size => _entries.Length;

    /// <summary>The index of the backend that has an entry; null when none has any weight.</summary>
    public int? this[int entry] => _entries[entry] is var index and not Free ? index : null;

    /// <summary>The table for these backends, in this order, whatever their state is.</summary>
    /// <param name="backends">Those of the pool.</param>
    /// <param name="known">One that is used again when it is for the same names and weights; null: there is
    /// none.</param>
    public static MaglevTable Of(ReadOnlySpan<Backend> backends, MaglevTable? known)
    {
        var members = new (string Name, int Weight)[backends.Length];
        for (var i = 0; i < backends.Length; i++)
            members[i] = (backends[i].Spec.Name, backends[i].Spec.Weight);
        return known is not null && known._members.AsSpan().SequenceEqual(members) ? known : new(members);
    }

    private static int SizeFor(int backends) =>
        Array.Find(Sizes, size => size >= EntriesPerBackend * backends) is > 0 and var size ? size : Sizes[^1];

    private void Fill()
    {
        var claims = new Claim[_members.Length];
        var turns = new PriorityQueue<int, double>(_members.Length);
        for (var i = 0; i < _members.Length; i++)
        {
            claims[i] = Claim.Of(Hashing.OfName(_members[i].Name), Size);
            if (_members[i].Weight > 0)
                turns.Enqueue(i, claims[i].Fraction / _members[i].Weight);
        }
        for (var left = Size; left > 0 && turns.TryPeek(out var index, out _); left--)
        {
            ref var claim = ref claims[index];
            while (_entries[claim.Next] != Free)
                claim.Advance(Size);
            _entries[claim.Next] = (ushort)index;
            claim.Taken++;
            turns.DequeueEnqueue(index, (claim.Taken + claim.Fraction) / _members[index].Weight);
        }
    }

    // Where a backend stands in its permutation.
    private struct Claim
    {
        private int _step;

        public int Next { get; private set; }

        public int Taken { get; set; }

        public double Fraction { get; private init; }

        public static Claim Of(ulong name, int size) => new()
        {
            Next = (int)(Hashing.Mix(name + 1) % (ulong)size),
            _step = 1 + (int)(Hashing.Mix(name + 2) % (ulong)(size - 1)),
            Fraction = Hashing.ToUnit(Hashing.Mix(name + 3)),
        };

        public void Advance(int size)
        {
            Next += _step;
            if (Next >= size)
                Next -= size;
        }
    }
}
