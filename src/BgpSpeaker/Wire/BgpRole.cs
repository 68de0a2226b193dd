namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>What an AS is to its neighbour, RFC 9234 section 4.1; the values of the BGP Role capability.</summary>
public enum BgpRole : byte
{
    /// <summary>A transit provider of the neighbour.</summary>
    Provider = 0,

    /// <summary>A route server that the neighbour is a client of.</summary>
    RouteServer = 1,

    /// <summary>A client of the neighbour's route server.</summary>
    RouteServerClient = 2,

    /// <summary>A transit customer of the neighbour.</summary>
    Customer = 3,

    /// <summary>A lateral peer of the neighbour.</summary>
    Peer = 4,
}

/// <summary>What follows from a role.</summary>
public static class BgpRoles
{
    /// <summary>Every role by the name that configuration and views share.</summary>
    public static readonly ValueList<(string Name, BgpRole Role)> Named =
    [
        ("provider", BgpRole.Provider),
        ("rs-server", BgpRole.RouteServer),
        ("rs-client", BgpRole.RouteServerClient),
        ("customer", BgpRole.Customer),
        ("peer", BgpRole.Peer),
    ];

    /// <summary>True when two neighbours can have these roles, RFC 9234 section 4.2, table 2.</summary>
    public static bool Correspond(BgpRole ours, BgpRole theirs) => (ours, theirs) is
        (BgpRole.Provider, BgpRole.Customer) or (BgpRole.Customer, BgpRole.Provider)
        or (BgpRole.RouteServer, BgpRole.RouteServerClient) or (BgpRole.RouteServerClient, BgpRole.RouteServer)
        or (BgpRole.Peer, BgpRole.Peer);

    /// <summary>True when what we announce in this role may go to the neighbour's customers only.</summary>
    public static bool AttachesOnlyToCustomer(BgpRole ours) =>
        ours is BgpRole.Provider or BgpRole.RouteServer or BgpRole.Peer;

    /// <summary>The role's name; its number where it has none.</summary>
    public static string NameOf(BgpRole role)
    {
        foreach (var (name, named) in Named)
        {
            if (named == role)
                return name;
        }
        return $"{(byte)role}";
    }
}
