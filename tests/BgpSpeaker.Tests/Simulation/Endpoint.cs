namespace AnycastVip.BgpSpeaker.Tests.Simulation;

/// <summary>What a read came to.</summary>
internal enum ReadStatus
{
    Octets,
    Nothing,
    EndOfStream,
    Reset,
}

/// <summary>One end of a connection, as its node's kernel offers it.</summary>
internal sealed class Endpoint(SpeakerNode node, Link link, Connection connection)
{
    // The product's socket options: the first probe of an idle connection, and the death of one without answers.
    private static readonly TimeSpan KeepaliveIdle = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepaliveInterval = TimeSpan.FromSeconds(5);
    private const int KeepaliveProbes = 3;

    private static readonly TimeSpan LingerBound = TimeSpan.FromSeconds(2);
    private Pipe _out = null!;
    private Pipe _in = null!;
    private Endpoint _other = null!;
    private bool _lingers;
    private int _unansweredProbes;

    public SpeakerNode Node => node;

    public Connection Connection => connection;

    public Endpoint Other => _other;

    public Pipe Out => _out;

    /// <summary>Arrived and not read.</summary>
    public int UnreadOctets => _in.Unread.Count;

    /// <summary>The kernel knows nothing of the connection any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>The shell owns this end; null before it was accepted, and after it was closed.</summary>
    public Action? OnReadable { get; set; }

    /// <summary>A write that did not end at once has ended; true: because the connection has.</summary>
    public Action<bool>? OnWritten { get; set; }

    /// <summary>Octets that were read at this end.</summary>
    public long ReadOctets { get; private set; }

    public void Join(Endpoint other)
    {
        _other = other;
        _out = new Pipe(link, this, other);
        other._in = _out;
    }

    /// <summary>Writes; false: the kernel has not taken everything yet, <see cref="OnWritten"/> will come.</summary>
    public bool TryWrite(ReadOnlySpan<byte> octets)
    {
        if (IsReset)
            return true;
        _out.Write(octets);
        return !_out.IsWriting;
    }

    public int Read(Span<byte> buffer, out ReadStatus status)
    {
        var count = Math.Min(buffer.Length, _in.Unread.Count);
        if (count > 0)
        {
            _in.Unread.Front(count).CopyTo(buffer);
            _in.Unread.Drop(count);
            ReadOctets += count;
            status = ReadStatus.Octets;
        }
        else
        {
            status = IsReset ? ReadStatus.Reset : _in.FinArrived ? ReadStatus.EndOfStream : ReadStatus.Nothing;
        }
        return count;
    }

    /// <summary>RST has come: what is unread can still be read, nothing can be written.</summary>
    public bool IsReset { get; private set; }

    /// <summary>FIN; what comes within the linger bound is dropped, what comes later is answered with RST.</summary>
    public void CloseGracefully()
    {
        if (IsGone || _lingers)
            return;
        OnReadable = null;
        OnWritten = null;
        _lingers = true;
        if (IsReset)
        {
            Vanish();
            return;
        }
        _out.Finish();
        SignalReadable();
        link.Time.After(LingerBound, Vanish);
    }

    /// <summary>RST.</summary>
    public void Abort()
    {
        if (IsGone)
            return;
        var written = OnWritten;
        var wasWriting = _out.IsWriting;
        Vanish();
        link.Time.After(link.Latency(), () =>
        {
            if (!link.IsBlocked && _other.Node.IsPowered)
                _other.TakeReset();
        });
        if (wasWriting)
            written?.Invoke(true);
    }

    /// <summary>The kernel forgets the connection and tells nobody.</summary>
    public void Vanish()
    {
        if (IsGone)
            return;
        IsGone = true;
        OnReadable = null;
        OnWritten = null;
        _out.Discard();
        link.Forget(connection);
        link.Time.After(KeepaliveIdle, _other.Probe);
    }

    /// <summary>RST has come, or the kernel gave the connection up.</summary>
    public void TakeReset()
    {
        if (IsGone || IsReset)
            return;
        IsReset = true;
        var wasWriting = _out.IsWriting;
        _out.Discard();
        // Some kernels drop what was not read yet.
        if (link.Chance.Percent(50))
            _in.Unread.Clear();
        if (_lingers)
        {
            Vanish();
            return;
        }
        SignalReadable();
        if (wasWriting)
            OnWritten?.Invoke(true);
    }

    public void SignalWritten(bool isReset) => OnWritten?.Invoke(isReset);

    public void SignalReadable()
    {
        if (!_lingers)
        {
            OnReadable?.Invoke();
            return;
        }
        ReadOctets += _in.Unread.Count;
        _in.Unread.Clear();
        if (_in.FinArrived)
            Vanish();
    }

    // SO_KEEPALIVE, for an end whose other end is gone.
    private void Probe()
    {
        if (IsGone || IsReset)
            return;
        if (!link.IsBlocked && _other.Node.IsPowered || ++_unansweredProbes > KeepaliveProbes)
            TakeReset();
        else
            link.Time.After(KeepaliveInterval, Probe);
    }
}
