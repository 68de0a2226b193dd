"""The lab of anycast.clab.yml: who is who, where routers' kernels send packets, and clients that never stop."""
import collections
import dataclasses
import json
import pathlib
import time

from harness import Background, Failure, RouteMonitor, api_time, check, ctl, duration, poll, try_ctl

VIPS = ("203.0.113.50", "2001:db8:50::50")
SITE_A = ("a1", "a2", "a3")
NODES = (*SITE_A, "b1")
TORS_A = ("tor1", "tor2")

# Who is behind each router's interface, as in anycast.clab.yml.
BEHIND = {
    "core": {"eth1": "tor1", "eth2": "tor2", "eth3": "tor3"},
    "tor1": {"eth2": "a1", "eth3": "a2", "eth4": "a3"},
    "tor2": {"eth2": "a1", "eth3": "a2", "eth4": "a3"},
    "tor3": {"eth2": "b1"},
}
WHOLE = {"core": TORS_A, "tor1": SITE_A, "tor2": SITE_A, "tor3": ("b1",)}

# Seconds that a client's clock and the kernel's stamp on a route may differ by.
CLOCKS = 0.010
RATE = 60


def next_hops(router, vip):
    """Whom the router's kernel sends a VIP's packets to."""
    family = "-6" if ":" in vip else "-4"
    routes = json.loads(try_ctl(router, "ip", family, "-json", "route", "show", vip) or "[]")
    hops = [hop for route in routes for hop in route.get("nexthops", [route])]
    return {BEHIND[router].get(hop.get("dev"), hop.get("dev")) for hop in hops}


def wait_next_hops(router, names, timeout=30):
    """Waits until a router sends both VIPs to exactly these."""
    for vip in VIPS:
        poll(f"{router} sends {vip} to {' '.join(names) or 'nobody'}",
             lambda: next_hops(router, vip) == set(names), timeout)


def wait_whole():
    """Waits until every router has every path again."""
    for router, names in WHOLE.items():
        wait_next_hops(router, names)


def node_log(node):
    return pathlib.Path(f"/run/netlab/anycast/{node}.log")


def vipctl(node, *command):
    """What vipctl prints as JSON."""
    return json.loads(ctl(node, "vipctl", *command, "-o", "json"))


def wait_vip(node, state):
    def is_so():
        answer = try_ctl(node, "vipctl", "vips", "web", "-o", "json")
        return answer and json.loads(answer)["vips"][0]["state"] == f"VIP_STATE_{state}"
    poll(f"{node} sees its VIP {state}", is_so)


def wait_backends(node, state, *names):
    def is_so():
        backends = vipctl(node, "backends", "web")["backends"]
        return all(backend["state"] == f"BACKEND_STATE_{state}" for backend in backends if backend["name"] in names)
    poll(f"{node} sees {' '.join(names)} {state}", is_so)


def pid_of(node, process):
    """The id, in the node, of vipd's process "run", "speaker", "gate" or "proxy"."""
    return ctl(node, "pgrep", "-f", f"[v]ipd.dll {process} ").split()[0]


def send_signal(node, signal, *pids):
    """Sends a signal; the time just before it."""
    return float(ctl(node, "sh", "-c", f"date +%s.%N; kill -{signal} {' '.join(pids)}"))


@dataclasses.dataclass
class Request:
    """One connection of a client."""
    start: float
    end: float
    ok: bool
    by: str
    error: str


class Traffic:
    """Clients of both families that open new connections all the time, one request each."""

    def __init__(self):
        self._loads = [
            Background("client1", "/usr/bin/python3", "-B", "/opt/anycastvip/traffic.py", "load", vip, "80", str(RATE))
            for vip in VIPS]
        for load in self._loads:
            poll("the first request has ended", lambda: load.lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def requests(self):
        """Those that have ended so far."""
        return [Request(**json.loads(line)) for load in self._loads for line in list(load.lines)]

    def more(self, seconds=1.0):
        """Waits for so many seconds' worth of further requests."""
        def ended():
            return sum(len(load.lines) for load in self._loads)
        wanted = ended() + seconds * RATE * len(self._loads)
        poll("further requests end", lambda: ended() >= wanted)

    def stop(self):
        """Ends them; all requests."""
        for load in self._loads:
            load.terminate()
        return self.requests()


class Fleet:
    """The deployed lab with a monitor of each router's kernel."""

    def __init__(self):
        self.monitors = {router: RouteMonitor(router) for router in BEHIND}
        self.floors = []
        self.floor = 0.0
        self.times = []

    def changes(self, after, routers=tuple(BEHIND), vips=VIPS):
        """(time, router, VIP, those behind it now) of each change after a time, in order."""
        found = [
            (change.at, router, vip, {BEHIND[router].get(device, device) for device in change.devices})
            for router in routers for vip in vips for change in self.monitors[router].changes(vip, after)]
        return sorted(found, key=lambda change: change[0])

    def left(self, router, name, after, vips=VIPS, timeout=30):
        """Waits until a router's kernel no longer sends to a neighbour; seconds after, the slower VIP's."""
        def first(vip):
            return next((at for at, _, _, hops in self.changes(after, (router,), (vip,)) if name not in hops), None)
        return max(
            poll(f"{router} sends no {vip} to {name}", lambda: first(vip), timeout) - after for vip in vips)

    def measure_floor(self):
        """From a withdraw's writing to the changed kernel route: the routers' own work, below which no node can go."""
        for node in SITE_A:
            started = time.time()
            written = {peer["peer"]: api_time(peer["writtenAt"])
                       for peer in vipctl(node, "emergency", "withdraw", "--reason", "floor")["peers"]}
            for router in TORS_A:
                for vip, family in zip(VIPS, ("ipv4", "ipv6")):
                    left = started + self.left(router, node, started, (vip,))
                    self.floors.append(left - written[f"{router}-{family}"])
            ctl(node, "vipctl", "emergency", "lift")
            wait_whole()
        self.floors.sort()
        self.floor = self.floors[len(self.floors) // 2]
        print(f"    FRR's floor, from a written withdraw to the changed kernel route, {len(self.floors)} times: "
              f"{duration(self.floors[0])} to {duration(self.floors[-1])}, median {duration(self.floor)}")

    def note(self, what, seconds):
        """A measured time for the table at the end."""
        self.times.append((what, seconds))

    def judge(self, traffic, begin, windows=()):
        """
        Stops the clients, of which none may have failed but in a window (begin, end) or while a router's route changed;
        how many did, in words.
        """
        requests = traffic.stop()
        spans = [*windows, *((at, at) for at, *_ in self.changes(begin))]
        failed = [request for request in requests if not request.ok]
        stray = [request for request in failed if not any(
            request.start <= end + CLOCKS and request.end >= start - CLOCKS for start, end in spans)]
        errors = collections.Counter(request.error.split(" ")[0] for request in failed)
        detail = f" ({', '.join(f'{count} {error}' for error, count in errors.items())})" if failed else ""
        if stray:
            raise Failure(f"{len(stray)} of {len(failed)} failed requests have no excuse: {stray[:5]}; "
                          f"spans from the begin: {[(a - begin, b - begin) for a, b in spans]}")
        verdict = f"{len(failed)} of {len(requests):,}"
        check(requests, f"{verdict} requests failed{detail}"
              + (", none outside the fault's span and routes' changes" if failed else ""))
        return verdict
