using AnycastVip.BgpSpeaker.Runtime;
using AnycastVip.HealthGate.Engine;
using AnycastVip.Proxy.Engine;

namespace AnycastVip.Vipd.Configuration;

/// <summary>What a configuration file says, checked.</summary>
public sealed record NodeConfiguration
{
    /// <summary>Where the node stands, for views; null when the file does not say.</summary>
    public string? Site { get; init; }

    /// <summary>The directory of the processes' Unix sockets, an absolute path.</summary>
    public required string ApiDirectory { get; init; }

    /// <summary>The directory of what outlives a restart, an absolute path; it may not exist.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>What <c>vipd speaker</c> is told.</summary>
    public required SpeakerOptions Speaker { get; init; }

    /// <summary>What <c>vipd gate</c> is told, and what it tells <c>vipd proxy</c>.</summary>
    public required GateOptions Gate { get; init; }

    /// <summary>By which interface of the kernel the proxy carries connections.</summary>
    public TransportKind ProxyEngine { get; init; }

    /// <summary>How long a proxy process that another one replaces may keep its connections.</summary>
    public TimeSpan ProxyReplaceTimeout { get; init; }

    /// <summary>
    /// Each value as the file has it, by its path such as <c>vips.web.announce.med</c>; names stand for items of lists.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }
}
