using System.Net;

namespace AnycastVip.Bench.Proxy.Rivals;

/// <summary>A way from the clients to the backend that is measured.</summary>
internal interface IProxy : IDisposable
{
    /// <summary>For the tables.</summary>
    string Name { get; }

    /// <summary>Where clients connect to.</summary>
    IPEndPoint Endpoint { get; }

    /// <summary>The program; null: there is none, clients speak to the backend itself.</summary>
    PinnedProcess? Process { get; }

    /// <summary>Changes its configuration while it runs, and returns when the change is in force.</summary>
    Task ReloadAsync();
}

/// <summary>No proxy at all: what the load itself is capable of.</summary>
internal sealed class NoProxy(IPEndPoint backend) : IProxy
{
    public string Name => "no proxy";

    public IPEndPoint Endpoint => backend;

    public PinnedProcess? Process => null;

    public Task ReloadAsync() => Task.CompletedTask;

    public void Dispose()
    {
    }
}
