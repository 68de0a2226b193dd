using System.Collections.Immutable;
using System.Text;

namespace AnycastVip.Proxy.Tls;

/// <summary>Which clients a pool gets, by what their ClientHello asks for.</summary>
public sealed record SniRoute
{
    private const int MaximumItems = 256;

    /// <summary>
    /// Host names in lower case; "*.example.com" is every name below example.com, of one label or several, and not
    /// example.com itself. None: any name, and no name.
    /// </summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Protocol names of ALPN: the client must offer one of them. None: whatever it offers.</summary>
    public ImmutableArray<string> Protocols { get; init; } = [];

    /// <summary>The pool that gets its connections.</summary>
    public required string Pool { get; init; }

    internal string? FindFault() =>
        Names.Length > MaximumItems || Protocols.Length > MaximumItems
            ? $"a route to {Pool} has more than {MaximumItems} names or protocols"
        : Names.IsEmpty && Protocols.IsEmpty ? $"a route to {Pool} has neither a name nor a protocol"
        : Names.FirstOrDefault(name => !HostName.IsPattern(name)) is { } name
            ? $"\"{name}\" is no host name in lower case, nor one behind \"*.\""
        : Protocols.FirstOrDefault(name => Encoding.UTF8.GetByteCount(name) is 0 or > byte.MaxValue) is not null
            ? $"a route to {Pool} has a protocol that is not of 1 to 255 octets"
        : null;

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
    private const int MaximumRoutes = 1024;

    /// <summary>
    /// Of those that a client fits, the one with the most exact name is taken: the name itself before a wildcard, a
    /// longer wildcard before a shorter one, any before none. Of equals the first.
    /// </summary>
    public ImmutableArray<SniRoute> Routes { get; init; } = [];

    /// <summary>Whether who fits none, or does not speak TLS, is reset, and not left to the listener's pool.</summary>
    public bool ResetsOthers { get; init; }

    /// <summary>The first rule that they break; null: none.</summary>
    internal string? FindFault() =>
        Routes.Length is 0 or > MaximumRoutes ? $"give 1 to {MaximumRoutes} routes, not {Routes.Length}"
        : Routes.Select(route => route.FindFault()).FirstOrDefault(fault => fault is not null);

    /// <summary>Compares the routes one by one.</summary>
    public bool Equals(SniRoutes? other) =>
        other is not null && ResetsOthers == other.ResetsOthers && Routes.AsSpan().SequenceEqual(other.Routes.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ResetsOthers, Routes.Length);
}
