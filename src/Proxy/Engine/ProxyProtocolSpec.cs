using System.Collections.Immutable;
using System.Net;

namespace AnycastVip.Proxy.Engine;

/// <summary>Of a listener whose clients are proxies: each connection must begin with a PROXY header.</summary>
public sealed record ProxyProtocolSpec
{
    /// <summary>Where those proxies are; at least one. From elsewhere nothing is accepted.</summary>
    public required ImmutableArray<IPNetwork> From { get; init; }

    /// <summary>In which the header must have come whole, from the accept on: 1 ms – 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The first rule that it breaks; null: none.</summary>
    internal string? FindFault() =>
        From.IsDefaultOrEmpty ? "the PROXY protocol is expected from nowhere"
        : Timeout < TimeSpan.FromMilliseconds(1) || Timeout > TimeSpan.FromMinutes(5)
            ? "the time-out of the PROXY protocol is not 1 ms to 5 min"
        : null;

    /// <summary>Compares the networks one by one: an array is otherwise equal only to itself.</summary>
    public bool Equals(ProxyProtocolSpec? other) =>
        other is not null && Timeout == other.Timeout && From.AsSpan().SequenceEqual(other.From.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Timeout, From.Length);
}
