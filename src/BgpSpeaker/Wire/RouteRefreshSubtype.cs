namespace AnycastVip.BgpSpeaker.Wire;

/// <summary>The message subtype octet of ROUTE-REFRESH, RFC 7313 section 3.2 (reserved and 0 in RFC 2918).</summary>
public enum RouteRefreshSubtype : byte
{
    /// <summary>Asks for the Adj-RIB-Out of one family.</summary>
    Request = 0,

    /// <summary>BoRR: what follows is the whole Adj-RIB-Out of one family.</summary>
    BeginningOfRouteRefresh = 1,

    /// <summary>EoRR: the whole Adj-RIB-Out of one family was sent; routes that were not are gone.</summary>
    EndOfRouteRefresh = 2,
}
