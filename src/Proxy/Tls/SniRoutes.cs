using System.Collections.Immutable;

namespace AnycastVip.Proxy.Tls;

/// <summary>Which clients a pool gets, by what their ClientHello asks for.</summary>
public sealed record SniRoute
{
    /// <summary>
    /// Host names in lower case; "*.example.com" is every name below example.com, of one label or several, and not
    /// example.com itself. None: any name, and no name.
    /// </summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Protocol names of ALPN: the client must offer one of them. None: whatever it offers.</summary>
    public ImmutableArray<string> Protocols { get; init; } = [];

    /// <summary>The pool that gets its connections.</summary>
    public required string Pool { get; init; }

    /// <summary>Compares the lists item by item: an array is otherwise equal only to itself.</summary>
    public bool Equals(SniRoute? other) =>
        other is not null && Pool == other.Pool && Names.AsSpan().SequenceEqual(other.Names.AsSpan())
        && Protocols.AsSpan().SequenceEqual(other.Protocols.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Pool, Names.Length, Protocols.Length);
}

/// <summary>How a listener shares TLS connections out without ending the TLS.</summary>
public sealed record SniRoutes
{
    /// <summary>
    /// Of those that a client fits, the one with the most exact name is taken: the name itself before a wildcard, a
    /// longer wildcard before a shorter one, any before none. Of equals the first.
    /// </summary>
    public ImmutableArray<SniRoute> Routes { get; init; } = [];

    /// <summary>Who gets a client that fits none, or does not speak TLS; null: it is reset.</summary>
    public string? Fallback { get; init; }

    /// <summary>Compares the routes one by one.</summary>
    public bool Equals(SniRoutes? other) =>
        other is not null && Fallback == other.Fallback && Routes.AsSpan().SequenceEqual(other.Routes.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Fallback, Routes.Length);
}
