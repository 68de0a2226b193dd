using System.Text;

namespace AnycastVip.BgpSpeaker.Bfd;

/// <summary>
/// All sessions of this system by bfd.LocalDiscr: names new ones, and finds the one that a packet is for (RFC 5880
/// sections 6.3 and 6.8.6).
/// </summary>
/// <param name="secret">
/// The same after every restart of this system, unknown to others, and different on each system.
/// </param>
/// <remarks>
/// A session's discriminator follows from its name, so that it survives a restart. A remote system that is still Up
/// then goes on sending packets that carry it: the first of them tells us the remote's discriminator, our answer with
/// both discriminators and State Down is one that no system may ignore, and the session is Up again after two round
/// trips. With a new discriminator the remote's packets would be for nobody, and ours, with Your Discriminator zero,
/// would be refused by those that let only Detection Time end a session that is Up (FRR does).
/// </remarks>
public sealed class BfdDemultiplexer(ulong secret)
{
    private readonly Dictionary<uint, BfdPath> _paths = [];

    /// <summary>Takes up a session.</summary>
    /// <param name="name">Unique among the sessions, and the same after a restart: the peer's name.</param>
    /// <param name="path">Where its packets run; at most one session for each path.</param>
    /// <returns>
    /// Its bfd.LocalDiscr: nonzero and unique on this system, and as good as random to whoever lacks the secret
    /// (RFC 5880 section 6.8.1).
    /// </returns>
    public uint Add(string name, BfdPath path)
    {
        var discriminator = Hash(name);
        while (discriminator == 0 || !_paths.TryAdd(discriminator, path))
            discriminator++;
        return discriminator;
    }

    /// <summary>The session's packets run on another path from now on.</summary>
    public void Move(uint localDiscr, BfdPath path) => _paths[localDiscr] = path;

    /// <summary>Lets a session go; its packets are for nobody from now on.</summary>
    public void Remove(uint localDiscr) => _paths.Remove(localDiscr);

    /// <summary>Finds the session that a decoded packet is for, and makes the checks that depend on it.</summary>
    /// <param name="packet">What <see cref="BfdPacketCodec.Decode"/> accepted.</param>
    /// <param name="arrival">How it came.</param>
    /// <param name="localDiscr">The session, also if the packet is to be discarded; zero if there is none.</param>
    /// <returns>The first check that failed; None for a packet that the session must take.</returns>
    public BfdDiscardReason Find(in BfdPacket packet, in BfdArrival arrival, out uint localDiscr)
    {
        localDiscr = packet.YourDiscriminator;
        BfdPath? path = null;
        // RFC 5880 section 6.3: a nonzero Your Discriminator alone selects the session, whatever the addresses are.
        if (localDiscr != 0 && !_paths.TryGetValue(localDiscr, out path))
        {
            localDiscr = 0;
            return BfdDiscardReason.UnknownYourDiscriminator;
        }
        path ??= FindByPath(arrival, out localDiscr);
        if (path is null)
            return BfdDiscardReason.NoSession;
        if (packet.Authentication is not null)
            return BfdDiscardReason.AuthenticationNotInUse;
        if (path.IsMultihop != arrival.IsMultihop)
            return BfdDiscardReason.WrongPort;
        return arrival.Ttl < path.MinimumTtl ? BfdDiscardReason.TtlTooLow : BfdDiscardReason.None;
    }

    private BfdPath? FindByPath(in BfdArrival arrival, out uint localDiscr)
    {
        foreach (var (discriminator, path) in _paths)
        {
            if (path.Matches(arrival))
            {
                localDiscr = discriminator;
                return path;
            }
        }
        localDiscr = 0;
        return null;
    }

    // FNV-1a over the secret and the name, then a finalizer that lets every bit of both reach those that are kept.
    private uint Hash(string name)
    {
        var hash = secret ^ 14695981039346656037;
        foreach (var octet in Encoding.UTF8.GetBytes(name))
            hash = unchecked((hash ^ octet) * 1099511628211);
        hash = unchecked((hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD);
        return (uint)(hash >> 32);
    }
}
