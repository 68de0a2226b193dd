using AnycastVip.BgpSpeaker.Rib;
using AnycastVip.BgpSpeaker.Wire;

namespace AnycastVip.BgpSpeaker.Tests.Rib;

/// <summary>Whatever happens in whatever order, the peer ends up with exactly what is desired.</summary>
public sealed class AdjRibOutPropertyTests
{
    private const int Steps = 300;

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, 10));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_peer_always_ends_with_exactly_the_desired_routes(int seed)
    {
        var run = new Run(seed);
        for (var step = 0; step < Steps; step++)
            run.Step();
        run.DrainAndCompare();
    }

    private sealed class Run(int seed)
    {
        private static readonly ExportContext[] Sessions =
        [
            Routes.External,
            Routes.Internal,
            Routes.External with { FourOctetAs = false, LocalAs = 4200000001 },
            Routes.External with { NextHopIPv6 = null, Overlay = new() { Med = 7, Communities = [1] } },
            Routes.External with { Families = [Family.IPv4Unicast] },
        ];

        private readonly Random _random = new(seed);
        private readonly byte[] _buffer = new byte[2 * MessageSize.Maximum];
        private readonly AdjRibOut _rib = new();
        private readonly Dictionary<(ExportContext, bool, RouteAttributes), string> _expected = [];
        private RouteSet _desired = RouteSet.Empty;
        private ExportContext? _session;
        private PeerModel? _peer;
        private long _version;

        public void Step()
        {
            switch (_random.Next(20))
            {
                case < 6:
                    Change();
                    break;
                case < 15:
                    Pull();
                    break;
                case < 17 when _session is not null:
                    var family = _random.Next(2) == 0 ? Family.IPv4Unicast : Family.IPv6Unicast;
                    _rib.Refresh(family, enhanced: _random.Next(2) == 0);
                    break;
                case < 18 when _session is not null:
                    DrainAndCompare();
                    break;
                case 18:
                    _session = null;
                    _peer = null;
                    _rib.SessionDown();
                    break;
                case 19:
                    _session = Sessions[_random.Next(Sessions.Length)];
                    _peer = new(_session);
                    _rib.SessionUp(_session);
                    break;
            }
        }

        public void DrainAndCompare()
        {
            while (Pull())
                continue;
            if (_session is not { } session)
                return;
            var expected = _desired.Routes
                .Where(route => session.FindObstacle(route.Prefix.Family) is null)
                .ToDictionary(route => route.Prefix, route => Expected(route, session));
            Assert.Equal(expected, _peer!.Table);
            Assert.Equal(_desired.Version, _rib.SyncedVersion);
            Assert.Equal(
                expected.Count,
                _rib.CountAdvertised(Family.IPv4Unicast) + _rib.CountAdvertised(Family.IPv6Unicast));
            Assert.Equal(session.Families.Count, _peer.Log.Count(line => line.StartsWith("EndOfRib", default)));
        }

        // Routes with equal attributes arrive with equal attributes: encoded and decoded once.
        private string Expected(DesiredRoute route, ExportContext session)
        {
            var key = (session, route.Prefix.IsIPv6, route.Attributes);
            if (!_expected.TryGetValue(key, out var attributes))
                _expected[key] = attributes = PeerModel.Expected(route, session);
            return attributes;
        }

        private bool Pull()
        {
            var length = MessageSize.Maximum * _random.Next(1, 3);
            var any = _rib.TryNext(_buffer.AsSpan(0, length), out var written);
            Assert.Equal(any, written > 0);
            if (!any)
                return false;
            _peer!.Receive(_buffer.AsSpan(0, written));
            foreach (var prefix in _peer.LastAnnounced)
                Assert.True(_desired.TryGet(prefix, out _), $"{prefix} was announced though nobody wants it");
            if (_rib.SyncedVersion == _desired.Version)
                Assert.Equal(Announceable(), _peer.Table.Keys.Order());
            return true;
        }

        private IEnumerable<Prefix> Announceable() => _desired.Routes
            .Select(route => route.Prefix).Where(prefix => _session!.FindObstacle(prefix.Family) is null);

        private void Change()
        {
            var routes = _desired.Routes.ToDictionary(route => route.Prefix);
            var changes = _random.Next(3) == 0 ? 1500 : _random.Next(1, 20);
            for (var i = 0; i < changes; i++)
            {
                var prefix = Routes.Numbered(_random.Next(2000) + (_random.Next(2) * 100_000));
                if (_random.Next(2) == 0)
                    routes.Remove(prefix);
                else
                    routes[prefix] = new(prefix, RandomAttributes(), []);
            }
            _desired = Routes.Set(++_version, routes.Values);
            _rib.SetDesired(_desired);
        }

        private RouteAttributes RandomAttributes() => new()
        {
            Med = _random.Next(3) == 0 ? (uint)_random.Next(3) : null,
            LocalPref = _random.Next(3) == 0 ? 200 : null,
            AsPathPrepend = _random.Next(3),
            Communities = _random.Next(3) == 0 ? [WellKnownCommunity.GracefulShutdown] : [],
        };
    }
}
