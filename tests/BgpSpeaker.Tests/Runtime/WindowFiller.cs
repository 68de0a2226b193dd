namespace AnycastVip.BgpSpeaker.Tests.Runtime;

/// <summary>Has the speaker say more than a peer that reads nothing, or the kernels between them, can hold.</summary>
internal static class WindowFiller
{
    /// <summary>Asks for everything once more, and shows that the peer is alive.</summary>
    public static async Task SendQuietlyAsync(TestPeer peer)
    {
        try
        {
            await peer.SendKeepAliveAsync();
            await peer.SendRouteRefreshAsync();
        }
        catch (IOException)
        {
            // The speaker has closed.
        }
    }

    /// <summary>Asks until the speaker has read a request and can write nothing more.</summary>
    public static async Task FillAsync(TestSpeaker speaker, string address, TestPeer peer)
    {
        var last = (Requests: 0UL, Octets: 0UL);
        await Poll.Until(
            async () =>
            {
                await SendQuietlyAsync(peer);
                var status = await speaker.StatusAsync(address);
                var isFull = status.Received.RouteRefresh > last.Requests && status.Sent.Octets == last.Octets;
                last = (status.Received.RouteRefresh, status.Sent.Octets);
                return isFull;
            },
            isFull => isFull,
            TestSpeaker.Bound,
            "every buffer towards the peer is full");
    }
}
