using System.Text;

namespace AnycastVip.Proxy.Tls;

/// <summary>Finds a client's route. A lookup allocates nothing.</summary>
internal sealed class SniRouter
{
    /// <summary>No route fits.</summary>
    public const int Fallback = -1;

    private readonly Dictionary<string, List<Candidate>> _exact = [];
    private readonly Dictionary<string, List<Candidate>> _below = [];
    private readonly List<Candidate> _nameless = [];

    public SniRouter(SniRoutes routes)
    {
        for (var index = 0; index < routes.Routes.Length; index++)
        {
            var route = routes.Routes[index];
            var candidate = new Candidate(index, [.. route.Protocols.Select(Encoding.UTF8.GetBytes)]);
            foreach (var name in route.Names)
            {
                if (name.StartsWith(HostName.Wildcard, StringComparison.Ordinal))
                    Add(_below, name[HostName.Wildcard.Length..], candidate);
                else
                    Add(_exact, name, candidate);
            }
            if (route.Names.IsEmpty)
                _nameless.Add(candidate);
        }
    }

    /// <summary>The index of the route that a client fits best, or <see cref="Fallback"/>.</summary>
    public int Find(in ClientHello hello)
    {
        Span<char> buffer = stackalloc char[HostName.MaximumLength];
        if (HostName.TryNormalize(hello.ServerName, buffer, out var length)
            && FindByName(buffer[..length], hello) is var named and not Fallback)
            return named;
        return FirstThatFits(_nameless, hello);
    }

    private int FindByName(ReadOnlySpan<char> name, in ClientHello hello)
    {
        var found = FirstThatFits(_exact, name, hello);
        // From the longest suffix to the shortest.
        for (var dot = name.IndexOf('.'); found == Fallback && dot >= 0; dot = name.IndexOf('.'))
        {
            name = name[(dot + 1)..];
            found = FirstThatFits(_below, name, hello);
        }
        return found;
    }

    private static int FirstThatFits(
        Dictionary<string, List<Candidate>> names, ReadOnlySpan<char> name, in ClientHello hello) =>
        names.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var candidates)
            ? FirstThatFits(candidates, hello)
            : Fallback;

    private static int FirstThatFits(List<Candidate> candidates, in ClientHello hello)
    {
        foreach (var candidate in candidates)
        {
            if (candidate.Protocols.Length == 0 || OffersOne(hello, candidate.Protocols))
                return candidate.Index;
        }
        return Fallback;
    }

    private static bool OffersOne(in ClientHello hello, byte[][] protocols)
    {
        var names = new ProtocolNames(hello.Protocols);
        while (names.TryRead(out var name))
        {
            foreach (var protocol in protocols)
            {
                if (name.SequenceEqual(protocol))
                    return true;
            }
        }
        return false;
    }

    private static void Add(Dictionary<string, List<Candidate>> names, string name, Candidate candidate)
    {
        if (!names.TryGetValue(name, out var candidates))
            names.Add(name, candidates = []);
        candidates.Add(candidate);
    }

    private readonly record struct Candidate(int Index, byte[][] Protocols);
}
