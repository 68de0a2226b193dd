namespace AnycastVip.Proxy.Engine;

/// <summary>What is counted of a connection's life.</summary>
internal sealed partial class LoopWorker
{
    private void CountAccepted(in Connection connection) => TrafficOfListener(connection).CountConnection(_index);

    private void CountConnected(in Connection connection, TimeSpan taken)
    {
        var backend = TrafficOfBackend(connection);
        backend.CountConnection(_index);
        backend.LatenciesOf(_index).Connect.Add(taken);
    }

    private void CountCarried(in Connection connection, bool isFromClient, long octets)
    {
        TrafficOfListener(connection).CountOctets(_index, isFromClient, octets);
        TrafficOfBackend(connection).CountOctets(_index, isFromClient, octets);
    }

    private void CountFirstOctet(in Connection connection)
    {
        var taken = _shared.Clock.GetElapsedTime(connection.AttemptStarted);
        TrafficOfListener(connection).LatenciesOf(_index).FirstOctet.Add(taken);
        TrafficOfBackend(connection).LatenciesOf(_index).FirstOctet.Add(taken);
    }

    private void CountEnd(in Connection connection)
    {
        var duration = TimeSpan.FromMilliseconds(_loop.Now - connection.AcceptedAt);
        TrafficOfListener(connection).LatenciesOf(_index).Duration.Add(duration);
        if (connection.Phase == ConnectionPhase.Relaying)
            TrafficOfBackend(connection).LatenciesOf(_index).Duration.Add(duration);
    }

    private Traffic TrafficOfListener(in Connection connection) =>
        _shared.Listeners[connection.ListenerSlot].CountsOf(connection).Traffic;

    private Traffic TrafficOfBackend(in Connection connection) => _shared.Backends[connection.BackendSlot].Traffic;
}
