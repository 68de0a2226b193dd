"""How connections spread over routers, nodes and backends: a matrix, bars, and the bounds that must hold."""
import collections
import json
import re

from drills.fleet import SITE_A, VIPS
from harness import check, ctl

COUNT = 3000
BAR = 40
# What a node counts of clients' first packets, by the interface and so by the router over which they came.
COUNTERS = """
table inet spread {
  counter eth1 { }
  counter eth2 { }
  chain count {
    type filter hook prerouting priority 0;
    tcp dport 80 tcp flags & (syn | ack) == syn iifname "eth1" counter name eth1
    tcp dport 80 tcp flags & (syn | ack) == syn iifname "eth2" counter name eth2
  }
}
"""
ROUTERS = {"eth1": "tor1", "eth2": "tor2"}


def spread():
    print(f"\n== How {COUNT:,} connections spread, half of them IPv4 and half IPv6", flush=True)
    for node in SITE_A:
        ctl(node, "nft", COUNTERS)
    try:
        backends = collections.Counter()
        for vip in VIPS:
            command = ("/usr/bin/python3", "-B", "/opt/anycastvip/traffic.py", "count", vip, "80", str(COUNT // 2))
            requests = [json.loads(line) for line in ctl("client1", *command).splitlines()]
            failed = [request for request in requests if not request["ok"]]
            check(not failed, f"all {len(requests)} connections to {vip} were answered")
            backends.update(request["by"] for request in requests)
        pairs = {(ROUTERS[name], node): count for node in SITE_A for name, count in counters(node)}
    finally:
        for node in SITE_A:
            ctl(node, "nft", "delete", "table", "inet", "spread")
    draw(pairs, backends)
    judge(pairs, backends)


def counters(node):
    found = re.findall(r"counter (eth\d) \{\s*packets (\d+)", ctl(node, "nft", "list", "counters", "table", "inet",
                                                                  "spread"))
    return [(name, int(packets)) for name, packets in found]


def draw(pairs, backends):
    print(f"\n    {'':6}" + "".join(f"{node:>8}" for node in SITE_A) + f"{'sum':>8}")
    for router in ROUTERS.values():
        row = [pairs[router, node] for node in SITE_A]
        print(f"    {router:6}" + "".join(f"{count:8}" for count in row) + f"{sum(row):8}")
    for number in (1, 2, 3):
        row = [backends[f"{node}-s{number}"] for node in SITE_A]
        print(f"    {f's{number}':6}" + "".join(f"{count:8}" for count in row) + f"{sum(row):8}")
    print(f"    {'sum':6}" + "".join(f"{of_node(backends, node):8}" for node in SITE_A) + f"{backends.total():8}\n")
    rows = [(f"{router}-{node}", count) for (router, node), count in sorted(pairs.items())]
    rows += [(node, of_node(backends, node)) for node in SITE_A] + sorted(backends.items())
    for name, count in rows:
        share = count / COUNT
        print(f"    {name:8} {'█' * round(share * BAR / 0.4):{BAR}} {share:6.1%}")
    print()


def of_node(backends, node):
    return sum(count for backend, count in backends.items() if backend.startswith(f"{node}-"))


def judge(pairs, backends):
    nodes = [of_node(backends, node) / COUNT for node in SITE_A]
    check(all(0.29 <= share <= 0.38 for share in nodes) and sum(nodes) > 0.9999,
          "each node of site A got 29 to 38 % of the connections, and site B none")
    check(all(0.12 <= count / COUNT <= 0.21 for count in pairs.values()), "each pair of router and node 12 to 21 %")
    even = {name: of_node(backends, name[:2]) / 3 for name in backends}
    check(len(backends) == 9 and all(abs(count / even[name] - 1) <= 0.1 for name, count in backends.items()),
          "each backend within 10 % of an even share of its node's")
