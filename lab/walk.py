"""The walk through the lab of one speaker, started by lab/run --speaker: six steps, each shown and asserted."""
import json
import pathlib
import signal
import sys
import time

from harness import LAB, Background, Failure, RouteMonitor, api_time, check, ctl, duration, poll, show, try_ctl

# Each VIP with the peer to which it is announced and the router's name for that peer.
VIPS = {
    "203.0.113.50/32": ("router1-ipv4", "10.0.1.2"),
    "2001:db8:50::50/128": ("router1-ipv6", "2001:db8:1::2"),
}
SOCKET = "/run/vipd/speaker.sock"
SPEAKER_LOG = pathlib.Path("/run/netlab/one-router/node1.log")
# Seconds that the client's announcements outlive it.
LEASE = 5
# On a busy machine even the router's own pace varies by so many milliseconds.
SLACK = 250


class Client(Background):
    """A foreign gRPC client (speaker_client.py, Debian's grpcio) that holds a lease on one VIP, "web"."""

    def __init__(self, prefixes, lease):
        hello = {"clientId": "lab-run", "epoch": str(time.monotonic_ns()), "leaseTtl": f"{lease}s"}
        super().__init__(
            "node1", "/usr/bin/python3", "-B", str(LAB / "speaker_client.py"), SOCKET, str(LAB.parent / "proto"),
            "announce", json.dumps(hello))
        self._routes = [{"prefix": prefix} for prefix in prefixes]
        self._revision = 0
        self._wait("the lease is granted", lambda response: "accepted" in response)

    def announce(self):
        """Announces every prefix; the deliveries by peer once each peer has acknowledged."""
        return self._declare({"vip": "web", "intent": "VIP_INTENT_ANNOUNCE", "reason": "proven",
                              "routes": self._routes})

    def withdraw(self):
        """Withdraws every prefix at once; the deliveries by peer once each peer has acknowledged."""
        return self._declare({"vip": "web", "intent": "VIP_INTENT_WITHDRAW", "reason": "no backend"})

    def _declare(self, vip):
        self._revision += 1
        self.send(json.dumps({"desiredSet": {"revision": str(self._revision), "vips": [vip]}}))
        response = self._wait("every peer has acknowledged", self._is_acknowledged)
        return {delivery["peer"]: delivery for delivery in response["progress"]["peers"]}

    def _is_acknowledged(self, response):
        progress = response.get("progress", {})
        return progress.get("revision") == str(self._revision) and all(
            delivery["state"] == "DELIVERY_STATE_ACKNOWLEDGED" for delivery in progress["peers"])

    def _wait(self, what, is_it):
        def first():
            responses = (json.loads(line) for line in list(self.lines) if line.startswith("{"))
            return next(filter(is_it, responses), None)
        try:
            return poll(what, first)
        except Failure as failure:
            raise Failure(f"{failure}; the client said last: {self.lines[-1:]}") from None


def step(number, title):
    print(f"\n[{number}/6] {title}", flush=True)


def family(prefix):
    return "-6" if ":" in prefix else "-4"


def kernel_has(prefix):
    return bool(json.loads(ctl("router1", "ip", family(prefix), "-json", "route", "show", prefix)))


def bgp_has(prefix):
    name = "ipv6" if ":" in prefix else "ipv4"
    return bool(json.loads(ctl("router1", "vtysh", "-c", f"show bgp {name} unicast {prefix} json")).get("paths"))


def wait_established():
    def all_established():
        answer = try_ctl("node1", "vipctl", "peers", "-o", "json")
        return answer and all(peer["state"] == "PEER_STATE_ESTABLISHED" for peer in json.loads(answer)["peers"])
    poll("both sessions are Established", all_established)


def announce(lease):
    """A new client that announces both VIPs; returns once the router's kernel has them."""
    client = Client(VIPS, lease)
    client.announce()
    for prefix in VIPS:
        poll(f"{prefix} is in the router's BGP table", lambda: bgp_has(prefix))
        poll(f"{prefix} is in the router's kernel", lambda: kernel_has(prefix))
    return client


def sessions_come_up():
    step(1, "The node and the router bring up a session for each family")
    wait_established()
    output = show("node1", "vipctl", "peers")
    check(output.count("Established") == len(VIPS), "Established over IPv4 and over IPv6")


def client_announces():
    step(2, "A client takes a lease and announces a VIP of each family")
    client = announce(lease=LEASE)
    check("Announced" in show("node1", "vipctl", "routes"), "the speaker announces both")
    for prefix in VIPS:
        name = "ipv6" if ":" in prefix else "ipv4"
        show("router1", "vtysh", "-c", f"show bgp {name} unicast {prefix}")
        show("router1", "ip", family(prefix), "route", "show", prefix)
    check(all(map(kernel_has, VIPS)), "both are in the router's BGP table and in its kernel")
    return client


def client_withdraws(client, monitor):
    step(3, "The client withdraws: the router's floor")
    deliveries = client.withdraw()
    floor = {}
    for prefix, (peer, _) in VIPS.items():
        written, acknowledged = (deliveries[peer][key] for key in ("writtenAt", "acknowledgedAt"))
        floor[prefix] = monitor.deleted(prefix, api_time(written))
        print(f"    {prefix}: written {written}, acknowledged {acknowledged},\n"
              f"      kernel route gone {duration(floor[prefix])} after it was written")
    check(not any(map(kernel_has, VIPS)), "gone; from the written withdraw to the kernel is the router's own work, "
          "the floor below which no speaker can go")
    client.kill()
    return floor


def client_dies(monitor):
    step(4, f"kill -9 of the client: its routes live as long as its lease ({LEASE} s), not longer")
    client = announce(lease=LEASE)
    killed = client.kill()
    output = show("node1", "vipctl", "routes")
    check(output.count("Held") == len(VIPS) and all(map(kernel_has, VIPS)),
          f"{duration(time.time() - killed)} after the kill both routes are held")
    for prefix in VIPS:
        taken = monitor.deleted(prefix, killed)
        check(LEASE <= taken < LEASE + 1, f"{prefix}: kernel route gone {duration(taken)} after the kill")


def speaker_dies(monitor, floor):
    step(5, "kill -9 of the speaker: its routes go at the router's pace")
    client = announce(lease=LEASE)
    # The brackets keep the pattern from matching this shell.
    kill = 'pid=$(pgrep -f "vipd[.]dll") && date +%s.%N && kill -KILL $pid'
    killed = float(ctl("node1", "sh", "-c", kill))
    for prefix in VIPS:
        taken = monitor.deleted(prefix, killed)
        check((taken - floor[prefix]) * 1000 < SLACK, f"{prefix}: kernel route gone {duration(taken)} after the "
              f"kill (floor {duration(floor[prefix])})")
    client.kill()


def speaker_stops():
    step(6, "The speaker comes back, announces again, and is stopped in an orderly way (SIGTERM)")
    speaker = Background("node1", "vipd", "speaker", "--config", "/etc/anycastvip/node1.yaml")
    wait_established()
    check(not any(map(kernel_has, VIPS)), "Established again, and without a lease nothing is announced")
    client = announce(lease=LEASE)
    check(all(map(kernel_has, VIPS)), "announced again, both routes are in the router's kernel")
    ctl("node1", "sh", "-c", 'kill -TERM $(pgrep -f "vipd[.]dll speaker")')
    check(speaker.exit_code() == 0, "the speaker exits with 0")
    print("    its last words:")
    for line in speaker.lines[-4:]:
        print(f"      {line}")
    poll("the routes are gone", lambda: not any(map(kernel_has, VIPS)))
    print("    $ lab/ctl router1 vtysh -c 'show bgp neighbors json'        (in part)")
    neighbors = json.loads(ctl("router1", "vtysh", "-c", "show bgp neighbors json"))
    for _, address in VIPS.values():
        shown = {key: neighbors[address].get(key) for key in ("lastNotificationReason", "lastShutdownDescription")}
        print(f"      {address}: {json.dumps(shown)}")
        if shown != {"lastNotificationReason": "Cease/Administrative Shutdown",
                     "lastShutdownDescription": "the speaker stops"}:
            raise Failure(f"the router shows another reason for {address}")
    check(True, "withdrawn, then Cease/2: the router shows that the node was stopped, and why")
    client.kill()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        sessions_come_up()
        monitor = RouteMonitor("router1")
        floor = client_withdraws(client_announces(), monitor)
        client_dies(monitor)
        speaker_dies(monitor, floor)
        speaker_stops()
    except Failure as failure:
        print(f"    FAILED: {failure}\n    The speaker's log ends:", flush=True)
        log = SPEAKER_LOG.read_text().splitlines() if SPEAKER_LOG.exists() else ["(there is no lab any more)"]
        print("\n".join(f"      {line}" for line in log[-10:]))
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\nAll six steps passed in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


sys.exit(main())
