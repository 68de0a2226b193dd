"""Drills of the operator's hand: a node, a whole site."""
import time

from drills.fleet import RATE, SITE_A, TORS_A, VIPS, Traffic, vipctl, wait_next_hops, wait_whole
from harness import api_time, check, ctl, duration, poll, show, within


def node_drained(fleet):
    with Traffic() as traffic:
        traffic.more()
        begin = time.time()
        show("a2", "vipctl", "drain", "node", "--reason", "kernel upgrade")
        for router in TORS_A:
            wait_next_hops(router, ("a1", "a3"))
        middle = time.time()
        traffic.more()
        served = [request for request in traffic.requests() if request.start > middle]
        check(served and not any(request.by.startswith("a2-") for request in served), "drained, a2 serves nobody")
        back = time.time()
        show("a2", "vipctl", "undrain", "node")
        wait_whole()
        traffic.more()
        wanted = sorted((router, vip) for router in TORS_A for vip in VIPS)
        for operation, start, end in (("drain", begin, middle), ("undrain", back, time.time())):
            moves = [change for change in fleet.changes(start) if change[0] <= end]
            check(sorted((router, vip) for _, router, vip, _ in moves) == wanted,
                  f"the {operation} changed each ToR's route once a family, and no other router's",
                  but=[(f"{duration(at - start)} after", *change) for at, *change in moves])
        check(any(request.by.startswith("a2-") for request in traffic.requests() if request.start > back),
              "a2 serves again")
        return fleet.judge(traffic, begin)


def loops():
    """Packets that died of age in the routers: what a loop leaves behind."""
    counts = "IcmpOutTimeExcds Icmp6OutTimeExcds".split()
    total = 0
    for router in ("core", "tor1", "tor2", "tor3"):
        for line in ctl(router, "nstat", "-asz", *counts).splitlines():
            words = line.split()
            total += int(words[1]) if words[:1] and words[0] in counts else 0
    return total


def last_event(node, text):
    """When something last happened to a node's VIP."""
    events = vipctl(node, "events")["events"]
    return max(api_time(event["at"]) for event in events if event["text"].startswith(text))


def site_drained(fleet):
    aged = loops()
    with Traffic() as traffic:
        traffic.more()
        begin = time.time()
        for node in SITE_A:
            ctl(node, "vipctl", "drain", "node", "--reason", "site A is moved")
            print(f"    drained {node}", flush=True)
        worse, withdrawn = (last_event(SITE_A[-1], text) for text in ("announced as a worse path", "withdrawn"))
        wait_next_hops("core", ("tor3",))
        for vip in VIPS:
            show("core", "ip", "-6" if ":" in vip else "-4", "route", "show", vip)
        middle = time.time()
        traffic.more()
        last = max(request.end for request in traffic.requests() if request.ok and request.by.startswith("a"))
        served = [request for request in traffic.requests() if request.start > middle]
        check(len(served) > RATE and {request.by[:2] for request in served if request.ok} == {"b1"}, "b1 alone serves")
        for node in SITE_A:
            ctl(node, "vipctl", "undrain", "node")
        bound = 2 * fleet.floor + 0.2
        fleet.note("worse path to the last client", last - worse)
        within(last - worse, bound, f"every client is served by B: the last answer of A came "
               f"{duration(last - worse)} after a3 announced a worse path,\n        "
               f"{duration(withdrawn - last)} before it withdrew (bound: two floors + 200 ms after the withdraw)")
        wait_whole()
        back = time.time()
        traffic.more()
        poll("site A serves again", lambda: {"a1", "a2", "a3"} <= {
            request.by[:2] for request in traffic.requests() if request.start > back})
        check(all(request.by.startswith("a") for request in traffic.requests() if request.start > back and request.ok),
              "and back: site A alone serves")
        failed = fleet.judge(traffic, begin)
    check(loops() == aged, "no packet died of age in a router meanwhile: no loop formed")
    return failed
