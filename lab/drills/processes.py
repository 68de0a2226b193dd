"""Drills on the three processes of a node."""
import time

from drills.fleet import TORS_A, Traffic, pid_of, send_signal, wait_vip, wait_whole
from harness import check, duration, poll, show, within

# Seconds that a node's announcements outlive its gate (configuration key lease.ttl).
LEASE = 5


def speaker_dies(fleet):
    return dies(fleet, "speaker")


def proxy_dies(fleet):
    return dies(fleet, "proxy")


def dies(fleet, process):
    with Traffic() as traffic:
        traffic.more()
        killed = send_signal("a1", "KILL", pid_of("a1", process))
        taken = max(fleet.left(router, "a1", killed) for router in TORS_A)
        fleet.note("kill to route", taken)
        within(taken, fleet.floor + 0.1, f"both ToRs send nothing to a1 {duration(taken)} after the kill "
               f"(FRR's floor {duration(fleet.floor)})")
        wait_whole()
        returned = time.time() - killed
        check(True, f"started again by vipd run, proven, and back in every router's kernel after {returned:.1f} s")
        traffic.more()
        return fleet.judge(traffic, killed, [(killed, killed + taken)])


def gate_dies(fleet):
    with Traffic() as traffic:
        traffic.more()
        before = pid_of("a1", "gate")
        killed = send_signal("a1", "KILL", before)
        wait_vip("a1", "UP")
        check(pid_of("a1", "gate") != before, f"another gate has proven the VIP {time.time() - killed:.1f} s after the "
              "kill of the first")
        poll("the first gate's lease is over", lambda: time.time() > killed + LEASE + 1)
        check(not fleet.changes(killed), f"no router's route has changed {LEASE + 1} s after the kill: the lease held")

        # Nobody starts it again while the supervisor is stopped.
        supervisor = pid_of("a1", "run")
        send_signal("a1", "STOP", supervisor)
        gone = send_signal("a1", "KILL", pid_of("a1", "gate"))
        left = {router: fleet.left(router, "a1", gone) for router in TORS_A}
        show("a1", "vipctl", "routes")
        send_signal("a1", "CONT", supervisor)
        fleet.note("kill to route", max(left.values()))
        check(LEASE <= min(left.values()), f"with no gate the ToRs' routes stay for the lease of {LEASE} s")
        within(max(left.values()), LEASE + fleet.floor + 0.2,
               f"and go when it ends, {duration(max(left.values()))} after the kill")
        wait_whole()
        traffic.more()
        return fleet.judge(traffic, killed)
