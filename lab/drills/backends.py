"""Drills on the service behind a node."""
import time

from drills.fleet import TORS_A, Traffic, wait_backends, wait_whole
from harness import check, ctl, duration, poll, show, within


def kill_backends(node, *numbers):
    """kill -9 of backends; the time just before it."""
    pattern = f"[b]ackend.py {node}-s[{''.join(numbers)}] "
    return float(ctl(node, "sh", "-c", f"date +%s.%N; pkill -KILL -f '{pattern}'"))


def one_backend_crashes(fleet):
    with Traffic() as traffic:
        traffic.more()
        killed = kill_backends("a1", "1")
        wait_backends("a1", "DOWN", "s1")
        show("a1", "vipctl", "backends")
        down = time.time()
        traffic.more()
        check(not fleet.changes(killed), "no router's route has changed: a1 still has two backends")
        served = [request for request in traffic.requests() if request.start > down]
        by = {request.by for request in served}
        check("a1-s1" not in by and {"a1-s2", "a1-s3"} <= by, "a1 serves on with s2 and s3")
        ctl("a1", "/opt/anycastvip/node", "backend", "1")
        wait_backends("a1", "UP", "s1")
        up = time.time()
        traffic.more()
        poll("s1 serves again", lambda: any(
            request.by == "a1-s1" for request in traffic.requests() if request.start > up))
        # What s1 was answering when it died is lost with it; every later connection goes elsewhere.
        return fleet.judge(traffic, killed, [(killed, killed + 0.05)])


def all_backends_crash(fleet):
    with Traffic() as traffic:
        traffic.more()
        killed = kill_backends("a1", "1", "2", "3")
        taken = max(fleet.left(router, "a1", killed) for router in TORS_A)
        fleet.note("kill to route", taken)
        show("a1", "vipctl", "explain", "vip", "web", exit_code=1)
        ctl("a1", "/opt/anycastvip/node", "backend", "1", "2", "3")
        returned = time.time()
        within(taken, fleet.floor + 0.5, f"both ToRs send nothing to a1 {duration(taken)} after the kill: the "
               f"first client that is refused makes a1 withdraw (FRR's floor {duration(fleet.floor)})")
        wait_whole()
        print(f"    started again, and back in every router's kernel {time.time() - returned:.1f} s later")
        traffic.more()
        return fleet.judge(traffic, killed, [(killed, killed + taken)])
