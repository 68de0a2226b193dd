using AnycastVip.Proxy.Balancing;
using AnycastVip.Proxy.Tls;

namespace AnycastVip.Proxy.Engine;

/// <summary>The pools of a listener that shares TLS connections out by their ClientHello.</summary>
/// <param name="routes">What leads where.</param>
/// <param name="pools">The table's, by name.</param>
internal sealed class SniPools(SniRoutes routes, IReadOnlyDictionary<string, Pool> pools)
{
    private readonly SniRouter _router = new(routes);
    private readonly Pool[] _pools = [.. routes.Routes.Select(route => pools[route.Pool])];

    public bool ResetsOthers => routes.ResetsOthers;

    /// <summary>The pool that the client's hello leads to; null: no route fits.</summary>
    public Pool? Find(in ClientHello hello) => _router.Find(hello) is >= 0 and var index ? _pools[index] : null;

    /// <summary>The pool of that name; null: no route leads to one.</summary>
    public Pool? Find(string name)
    {
        foreach (var pool in _pools)
        {
            if (pool.Spec.Name == name)
                return pool;
        }
        return null;
    }
}
