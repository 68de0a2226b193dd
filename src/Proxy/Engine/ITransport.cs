namespace AnycastVip.Proxy.Engine;

/// <summary>
/// What carries a loop's connections: it watches sockets, moves octets and tells the policy what became of them. One
/// per loop, used on the loop's thread alone, but for <see cref="Wake"/>. It decides nothing: whom to accept, which
/// backend to try and when to give up is the policy's. Descriptors must have been opened in the
/// <see cref="ConnectionTable"/> before they are named here.
/// </summary>
internal interface ITransport : IDisposable
{
    /// <summary>Called once, first, on the loop's thread.</summary>
    void Start();

    /// <summary>Waits for events.</summary>
    /// <param name="milliseconds">At most this long; -1 without end.</param>
    /// <returns>How many pieces of work there are, each to be done by <see cref="Handle"/>.</returns>
    int Wait(int milliseconds);

    /// <summary>Does one piece of work of the last wait and reports what came of it.</summary>
    /// <param name="index">From 0, each once, in order.</param>
    void Handle(int index);

    /// <summary>Ends a wait that goes on or the one to come. From any thread.</summary>
    void Wake();

    /// <summary>Starts to report <see cref="ITransportHandler.OnAcceptable"/> for a listening socket.</summary>
    void Listen(int listener);

    /// <summary>Stops the reports, and starts them again.</summary>
    void Pause(int listener, bool paused);

    /// <summary>
    /// Starts to watch an accepted client. Until it is relayed its octets stay where <see cref="Peek"/> finds them.
    /// </summary>
    /// <returns>0 or -errno.</returns>
    int Watch(int client);

    /// <summary>Copies octets that the client has sent and that nobody took yet, from the first one on.</summary>
    /// <param name="client">It is not relayed yet.</param>
    /// <param name="octets">Room for them; those beyond the first 32 KB may be there only later.</param>
    /// <returns>How many were copied. 0: there are none; whether an end stands there is not told.</returns>
    int Peek(int client, Span<byte> octets);

    /// <summary>Drops the client's next octets: they are not relayed.</summary>
    /// <param name="client">It is not relayed yet.</param>
    /// <param name="count">No more than <see cref="Peek"/> has shown.</param>
    void Skip(int client, int count);

    /// <summary>
    /// Starts to watch a socket towards a backend. Of a connect that is under way
    /// <see cref="ITransportHandler.OnConnected"/> tells the end.
    /// </summary>
    /// <param name="backend">The socket.</param>
    /// <param name="isConnected">Nothing is under way any more, and nothing is told.</param>
    /// <returns>0 or -errno.</returns>
    int Connect(int backend, bool isConnected);

    /// <summary>
    /// Carries octets, ends and resets between a client and its partner from now on. Reports may come within the call,
    /// the connection's end included.
    /// </summary>
    /// <param name="client">Its partner is connected.</param>
    void Relay(int client);

    /// <summary>Closes a descriptor of any kind and forgets it; what it held is dropped.</summary>
    /// <param name="fd">Nothing is reported of it any more.</param>
    /// <param name="reset">By a RST in place of an end.</param>
    void Close(int fd, bool reset);
}

/// <summary>What a transport reports to the policy. All on the loop's thread.</summary>
internal interface ITransportHandler
{
    /// <summary>
    /// A listening socket has a connection to accept. The policy accepts it itself: what a limit forbids stays in the
    /// backlog.
    /// </summary>
    void OnAcceptable(int listener);

    /// <summary>
    /// A client that is not relayed yet has sent something, octets or its end. Told for each arrival; also told when
    /// nothing is new.
    /// </summary>
    void OnFirstOctets(int client);

    /// <summary>A client that is not relayed yet has reset the connection. The policy closes it.</summary>
    void OnAborted(int client);

    /// <summary>The attempt to connect to the client's partner is over.</summary>
    /// <param name="client">The client.</param>
    /// <param name="errno">0: it is connected.</param>
    void OnConnected(int client, int errno);

    /// <summary>Octets were passed on. The policy must not close the connection in this call.</summary>
    /// <param name="client">The client.</param>
    /// <param name="source">The side that sent them.</param>
    /// <param name="octets">How many the other side's socket took.</param>
    void OnCarried(int client, int source, long octets);

    /// <summary>Both sides have ended and both ends were passed on. The policy closes the connection.</summary>
    void OnEnded(int client);

    /// <summary>A side is broken. The policy closes the connection.</summary>
    /// <param name="client">The client.</param>
    /// <param name="broken">The side that is.</param>
    /// <param name="errno">How.</param>
    void OnFailed(int client, int broken, int errno);
}
