"""Drills on what is beside the nodes: a router's daemon, a cable."""
import time

from drills.fleet import SITE_A, Traffic, VIPS, next_hops, wait_next_hops, wait_whole
from harness import check, ctl, duration, poll, show, try_ctl, within

HOLD_TIME = 9


def router_restarts(fleet):
    with Traffic() as traffic:
        traffic.more()
        killed = float(ctl("tor1", "sh", "-c", "date +%s.%N; pkill -KILL -x bgpd"))
        taken = fleet.left("core", "tor1", killed)
        fleet.note("kill to the core's route", taken)
        within(taken, fleet.floor + 0.2, f"the core sends nothing to tor1 {duration(taken)} after the kill")
        poll("bgpd listens again", lambda: ":179" in (try_ctl("tor1", "ss", "-Hltn", "sport = :179") or ""))
        listening = time.time()
        wait_next_hops("tor1", SITE_A)
        back = time.time() - listening
        fleet.note("return", back)
        within(back, 5, f"bgpd was back after {duration(listening - killed)}, and {duration(back)} later all nodes had "
               "announced again")
        wait_whole()
        traffic.more()
        return fleet.judge(traffic, killed, [(killed, killed + taken)])


def link_is_cut(fleet):
    """Nobody sees a carrier go: packets vanish, in both directions."""
    rule = "{ type filter hook ingress device %s priority 0; policy drop; }"
    ends = (("tor1", "eth2"), ("a1", "eth1"))
    with Traffic() as traffic:
        traffic.more()
        try:
            cut = time.time()
            for node, device in ends:
                ctl(node, "nft", "add", "table", "netdev", "cut")
                ctl(node, "nft", "add", "chain", "netdev", "cut", "ingress", rule % device)
            taken = fleet.left("tor1", "a1", cut)
            fleet.note("cut to route", taken)
            within(taken, HOLD_TIME + fleet.floor + 0.2, f"tor1 sends nothing to a1 {duration(taken)} after the cut: "
                   f"without BFD the hold time of {HOLD_TIME} s bounds it, and that is what it costs")
            check(all("a1" in next_hops("tor2", vip) for vip in VIPS), "tor2 still sends to a1")
            show("a1", "vipctl", "peers")
            over = cut + HOLD_TIME + fleet.floor + 0.2
            poll("the hold time is over", lambda: time.time() > over)
            traffic.more(2)
        finally:
            for node, _ in ends:
                try_ctl(node, "nft", "delete", "table", "netdev", "cut")
        wait_whole()
        traffic.more()
        return fleet.judge(traffic, cut, [(cut, over)])
