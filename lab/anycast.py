"""The run through the lab of anycast.clab.yml, started by lab/run: convergence, spread, then the drills named."""
import os
import signal
import sys
import time

from drills import DRILLS
from drills.fleet import NODES, VIPS, WHOLE, Fleet, Traffic, node_log, wait_backends, wait_next_hops, wait_whole
from drills.spread import spread
from harness import Failure, TooSlow, duration, show


def title(text):
    print(f"\n== {text}", flush=True)


def converge(started):
    title("Waiting until every router has its routes and every node its backends")
    for router, names in WHOLE.items():
        wait_next_hops(router, names, timeout=90)
        print(f"    {time.monotonic() - started:5.1f} s  {router} sends both VIPs to {', '.join(names)}", flush=True)
    for node in NODES:
        wait_backends(node, "UP", "s1", "s2", "s3")
    print(f"    {time.monotonic() - started:5.1f} s  every backend is up", flush=True)


def show_all():
    title("Every node's view, and the routers' kernel routes")
    for node in NODES:
        show(node, "vipctl", "status")
    for router in WHOLE:
        for vip in VIPS:
            show(router, "ip", "-6" if ":" in vip else "-4", "route", "show", vip)


def drill(fleet, letter):
    name, function = DRILLS[letter]
    title(f"Drill {letter}: {name}")
    for tries_left in (2, 1, 0):
        fleet.times = []
        try:
            failed = function(fleet)
            break
        except TooSlow as late:
            # Times prove something only on a machine that has time.
            load = os.getloadavg()[0]
            if tries_left == 0 or load < os.cpu_count():
                raise
            print(f"    {late}\n    The machine is busy (load average {load:.1f}, {os.cpu_count()} cores): once more",
                  flush=True)
            wait_whole()
    wait_whole()
    return letter, name, (failed, fleet.times)


def summarize(fleet, results):
    title("Summary")
    print(f"    {'DRILL':47}{'FAILED REQUESTS':17}MEASURED")
    for letter, name, (failed, times) in results:
        measured = ", ".join(f"{what} {duration(seconds)}" for what, seconds in times)
        print(f"    {letter}  {name:44}{failed:17}{measured}".rstrip())
    print(f"    FRR's own floor in this run: {duration(fleet.floor)} in the middle, "
          f"{duration(fleet.floors[-1])} at most")


def main(chosen):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        converge(started)
        if not chosen:
            show_all()
            spread()
        title("FRR's own floor")
        fleet = Fleet()
        with Traffic():
            fleet.measure_floor()
        results = [drill(fleet, letter) for letter in chosen or DRILLS]
    except Failure as failure:
        print(f"    FAILED: {failure}", flush=True)
        for node in NODES:
            print(f"    The log of {node} ends:")
            log = node_log(node).read_text().splitlines() if node_log(node).exists() else ["(there is no lab any more)"]
            print("\n".join(f"      {line}" for line in log[-10:]))
        return 1
    except KeyboardInterrupt:
        return 130
    summarize(fleet, results)
    print(f"\nAll passed in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


sys.exit(main(sys.argv[1:]))
