using System.Net.Sockets;
using AnycastVip.Proto.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AnycastVip.Proxy.Tests.Api;

/// <summary>Counting, closing and listing connections over a real socket, with real connections behind it.</summary>
public sealed class ConnectionApiTests
{
    [Theory]
    [InlineData("", "", "", 3)]
    [InlineData("web", "", "", 1)]
    [InlineData("mail", "", "", 2)]
    [InlineData("mail", "pool", "", 2)]
    [InlineData("", "pool", "s1", 3)]
    [InlineData("", "pool", "s2", 0)]
    [InlineData("none", "", "", 0)]
    [InlineData("web", "none", "", 0)]
    public async Task A_count_follows_its_selector(string vip, string pool, string backend, uint expected)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        await OpenThreeAsync(sandbox, gate);

        var counts = await gate.CountAsync(new() { Vip = vip, Pool = pool, Backend = backend });

        Assert.Equal((expected, 0u), (counts.Fed, counts.Stranded));
        Assert.InRange(
            counts.At.ToDateTimeOffset(), TimeProvider.System.GetUtcNow() - Rig.Patience,
            TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task What_a_VIP_has_accepted_only_grows_also_when_its_listener_is_closed()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var (client, _) = (await OpenThreeAsync(sandbox, gate))[0];
        Assert.Equal(1ul, (await gate.CountAsync(new() { Vip = "web" })).Accepted);

        client.Dispose();
        for (var tables = 0; tables < 3; tables++)
        {
            await gate.ApplyAsync(new());
            Assert.Equal(1ul, (await gate.CountAsync(new() { Vip = "web" })).Accepted);
        }
        Assert.Equal(3ul, (await gate.CountAsync(new())).Accepted);
        // Its connections are found by its name all the same.
        Assert.Equal(2u, (await gate.CountAsync(new() { Vip = "mail" })).Fed);
    }

    [Fact]
    public async Task A_silent_client_is_stranded_and_one_that_only_acknowledges_is_fed()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var pairs = await OpenThreeAsync(sandbox, gate);
        // A margin of one kernel tick passes before a client that fell silent counts as stranded.
        var since = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(20));

        var counts = await Poll.Until(
            async () =>
            {
                await ApiSandbox.AssertCarriesAsync(pairs[1].Client, pairs[1].Server);
                // The client sends no octet here, only acknowledgements.
                await pairs[2].Server.Write(new byte[1]);
                await pairs[2].Client.Read(1);
                return await gate.CountAsync(new(), since);
            },
            counts => counts.Stranded > 0 && counts.Fed == 2, Rig.Patience, "one of three is stranded");

        Assert.Equal((2u, 1u), (counts.Fed, counts.Stranded));
        Assert.Equal(1u, await gate.CloseAsync(new(), since));
        await pairs[0].Client.AssertReset();
        await pairs[0].Server.AssertReset();
        await ApiSandbox.AssertCarriesAsync(pairs[1].Client, pairs[1].Server);
        await ApiSandbox.AssertCarriesAsync(pairs[2].Client, pairs[2].Server);
    }

    [Fact]
    public async Task Closing_resets_both_sides_of_what_is_selected_and_nothing_else()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var pairs = await OpenThreeAsync(sandbox, gate);

        var closed = await gate.CloseAsync(new() { Vip = "mail", Pool = "pool", Backend = "s1" });

        Assert.Equal(2u, closed);
        foreach (var (client, server) in pairs[1..])
        {
            await client.AssertReset();
            await server.AssertReset();
        }
        await ApiSandbox.AssertCarriesAsync(pairs[0].Client, pairs[0].Server);
        Assert.Equal(1u, (await gate.CountAsync(new())).Fed);
    }

    [Fact]
    public async Task Connections_are_listed_by_listener_and_backend()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        var pairs = await OpenThreeAsync(sandbox, gate);
        var listener = pairs[0].Client.RemoteEndPoint!.ToString();
        pairs[0].Client.Shutdown(SocketShutdown.Send);
        await pairs[0].Server.AssertEnd();

        var groups = (await sandbox.Client.ListConnectionsAsync(
            new() { Selector = new() { Pool = "pool" }, StrandedAfter = new() { Seconds = 3600 } },
            ApiSandbox.Call)).Groups.OrderBy(group => group.Vip).ToList();

        Assert.Equal(
            [("mail", "pool", "s1", 2u, 0u, 0u), ("web", "pool", "s1", 1u, 0u, 1u)],
            groups.Select(group => (
                group.Vip, group.Pool, group.Backend, group.Fed, group.Stranded, group.HalfClosed)));
        Assert.Equal(listener, $"{groups[1].Address}:{groups[1].Port}");
        Assert.All(groups, group => Assert.InRange(
            group.LongestIdle.ToTimeSpan(), TimeSpan.Zero, group.OldestAge.ToTimeSpan()));
    }

    [Theory]
    [InlineData("none", "", "", "VIP")]
    [InlineData("", "none", "", "pool")]
    [InlineData("", "pool", "none", "backend")]
    public async Task What_nobody_knows_is_NOT_FOUND(string vip, string pool, string backend, string named)
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        using var gate = await sandbox.OpenAsync();
        await gate.ApplyAsync(Tables.Of(Rig.NewEndpoint(), Tables.Backend("s1", Rig.Nobody())));

        var error = await Assert.ThrowsAsync<RpcException>(async () => await sandbox.Client.ListConnectionsAsync(
            new() { Selector = new() { Vip = vip, Pool = pool, Backend = backend } }, ApiSandbox.Call));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains(named, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_selector_or_a_time_that_breaks_a_rule_is_INVALID_ARGUMENT()
    {
        await using var sandbox = await ApiSandbox.StartAsync();
        ListConnectionsRequest[] requests =
        [
            new() { Selector = new() { Backend = "s1" } },
            new() { StrandedAfter = new() { Seconds = 1, Nanos = -1 } },
        ];
        foreach (var request in requests)
        {
            var error = await Assert.ThrowsAsync<RpcException>(
                async () => await sandbox.Client.ListConnectionsAsync(request, ApiSandbox.Call));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        }
        CloseConnections[] orders =
        [
            new() { StrandedSince = new() { Nanos = -1 } },
            new() { Spread = new() { Seconds = -1 } },
            new() { Grace = new() { Seconds = 86_401 } },
        ];
        foreach (var order in orders)
        {
            using var gate = await sandbox.OpenAsync();
            await gate.SendAsync(new() { CloseConnections = order });
            await gate.AssertEndedAsync(StatusCode.InvalidArgument);
        }
    }

    /// <summary>One connection to the VIP web and two to the VIP mail, all to the backend s1.</summary>
    private static async Task<(Socket Client, Socket Server)[]> OpenThreeAsync(ApiSandbox sandbox, TestGate gate)
    {
        var backend = sandbox.Rig.Listen();
        var (web, mail) = (Rig.NewEndpoint(), Rig.NewEndpoint());
        var table = Tables.Of(web, Tables.Backend("s1", backend.EndPoint()));
        table.Listeners.Add(new ListenerSpec(Tables.Listener(mail)) { Vip = "mail" });
        await gate.ApplyAsync(table);
        return
        [
            await sandbox.AssertCarriesAsync(web, backend),
            await sandbox.AssertCarriesAsync(mail, backend),
            await sandbox.AssertCarriesAsync(mail, backend),
        ];
    }
}
