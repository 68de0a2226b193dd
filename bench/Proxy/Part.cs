using AnycastVip.Bench.Proxy.Load;

namespace AnycastVip.Bench.Proxy;

/// <summary>A figure of a sample.</summary>
/// <param name="Name">With its unit.</param>
/// <param name="Of">The figure.</param>
/// <param name="Format">A .NET format for it.</param>
internal sealed record Metric(string Name, Func<Sample, double> Of, string Format);

/// <summary>Who takes part; the first one named is 1 in the ratios.</summary>
internal enum Field
{
    /// <summary>HAProxy, ours, nginx.</summary>
    Proxies,

    /// <summary>The same and HAProxy with forced splice.</summary>
    ProxiesAndSplice,

    /// <summary>Ours, bare and with features.</summary>
    OurFeatures,

    /// <summary>Ours on epoll, and on what it chooses by itself.</summary>
    OurEngines,
}

/// <summary>One kind of work that all proxies are given in turn.</summary>
/// <param name="Name">As <c>--only</c> takes it.</param>
/// <param name="Title">What is done.</param>
/// <param name="Bar">What is asked for, HAProxy being 1.</param>
/// <param name="Create">The clients.</param>
/// <param name="Metrics">What is shown of it.</param>
/// <param name="Field">Who takes part.</param>
internal sealed record Part(
    string Name, string Title, string Bar, Func<Workload> Create, IReadOnlyList<Metric> Metrics,
    Field Field = Field.Proxies)
{
    private const int RequestsPerSecond = 10_000;
    private const string FewConnections = "ops >= 1.0, CPU <= 0.85 (aim 1.15, 0.80)";
    private const string ManyConnections = "ops >= 1.2, CPU <= 0.80 (aim 1.4, 0.70)";

    private const string FewFeatures = ">= 0.93 of the bare path (aim 0.97)";

    private static readonly Metric Operations = new("ops/s", sample => sample.PerSecond, "N0");
    private static readonly Metric Cpu = new("CPU us/op", sample => sample.CpuPerOperation / 1e3, "F2");
    private static readonly Metric Gigabytes = new("GB/s", sample => sample.PerSecond / 1e9, "F2");
    private static readonly Metric CpuOfGigabyte = new("CPU s/GB", sample => sample.CpuPerOperation, "F3");

    /// <summary>All that alternate.</summary>
    public static readonly IReadOnlyList<Part> All =
    [
        OfKeepAlive(64, FewConnections),
        OfKeepAlive(128, FewConnections),
        OfKeepAlive(256, ManyConnections),
        OfKeepAlive(1024, ManyConnections),
        new("one-request", "one request per connection, 64 at a time", "ops >= 0.97, CPU <= 0.93 (aim 1.05, 0.88)",
            () => new OneRequest(64), [Operations, Cpu]),
        OfDownload(1, ">= 1.1 of forced splice (aim 1.3)"),
        OfDownload(8, ">= 1.1 of forced splice (aim 1.3), >= 2.0 of the default (aim 2.8)"),
        new("latency", $"64 B at {RequestsPerSecond:N0} requests/s, 64 connections", "p50 and p99 <= 1.10 (aim 0.9)",
            () => new SteadyRate(64, RequestsPerSecond), [Latency("p50", 0.5), Latency("p99", 0.99),
            Latency("p99.9", 0.999), Cpu]),
        new("engines", "keep-alive 64 B, 128 connections, epoll and what is chosen", "-",
            () => new KeepAlive(128), [Operations, Cpu], Field.OurEngines),
        new("features-keep-alive", "keep-alive 64 B, 128 connections, features on", FewFeatures,
            () => new KeepAlive(128), [Operations, Cpu], Field.OurFeatures),
        new("features-one-request", "one request per connection, 64 at a time, features on", FewFeatures,
            () => new OneRequest(64), [Operations, Cpu], Field.OurFeatures),
    ];

    private static Part OfKeepAlive(int connections, string bar) =>
        new($"keep-alive-{connections}", $"keep-alive 64 B, {connections} connections", bar,
            () => new KeepAlive(connections), [Operations, Cpu]);

    private static Part OfDownload(int streams, string bar) =>
        new($"bulk-{streams}", $"bulk, streams: {streams}", bar,
            () => new Download(streams), [Gigabytes, CpuOfGigabyte], Field.ProxiesAndSplice);

    private static Metric Latency(string name, double share) =>
        new($"{name} us", sample => sample.Percentile(share), "F0");
}
