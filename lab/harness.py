"""What the walk through the lab stands on: commands in nodes, a client that holds a lease, the router's routes."""
import atexit
import datetime
import json
import os
import pathlib
import shlex
import signal
import subprocess
import tempfile
import threading
import time

LAB = pathlib.Path(__file__).resolve().parent
SOCKET = "/run/vipd/speaker.sock"
TIMEOUT = 20

_temporary = tempfile.TemporaryDirectory(prefix="lab-run-")


class Failure(Exception):
    """Something is not as it should be; the text says what."""


def try_ctl(node, *command):
    """Runs a command in a node; its standard output, or None when it fails."""
    done = subprocess.run([LAB / "ctl", node, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def ctl(node, *command):
    """Runs a command in a node, which must succeed; its standard output."""
    done = subprocess.run([LAB / "ctl", node, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(command)} in {node} exits with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def show(node, *command):
    """Runs a command in a node and shows it as a user would type it, with what it prints."""
    print(f"    $ lab/ctl {node} {shlex.join(command)}")
    output = ctl(node, *command)
    for line in output.splitlines():
        if line.strip():
            print(f"      {line.rstrip()}")
    return output


def poll(what, ask):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + TIMEOUT
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise Failure(f"waited {TIMEOUT} s in vain: {what}")
        time.sleep(0.02)
    return answer


class Background:
    """A command in a node that runs beside the walk."""

    def __init__(self, node, *command):
        self._process = subprocess.Popen(
            [LAB / "ctl", node, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "TMPDIR": _temporary.name},
            # A group of its own: a Ctrl-C is for the walk alone, and a signal to the group reaches the command itself.
            start_new_session=True)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.kill)

    def send(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def kill(self):
        """kill -9; the time just before it."""
        before = time.time()
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return before

    def exit_code(self):
        """Waits for the end."""
        return self._process.wait(TIMEOUT)

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())


class RouteMonitor(Background):
    """When routes leave the router's kernel: `ip -ts monitor route`."""

    PROBE = "198.18.0.0/15"

    def __init__(self):
        super().__init__("router1", "stdbuf", "-oL", "ip", "-ts", "monitor", "route")
        poll("ip monitor listens", self._sees_a_change)

    def _sees_a_change(self):
        ctl("router1", "ip", "route", "replace", "blackhole", self.PROBE)
        ctl("router1", "ip", "route", "del", "blackhole", self.PROBE)
        return any(self.PROBE in line for line in self.lines)

    def deleted(self, prefix, after):
        """Waits until a prefix has left the kernel after a time; how many seconds after."""
        gone = poll(f"{prefix} leaves the router's kernel", lambda: self._deletions(prefix, after))[0]
        return gone - after

    def _deletions(self, prefix, after):
        # The kernel's tools leave the length of a host route out: "[TIME] Deleted 203.0.113.50 nhid 9 via ...".
        address = prefix.split("/")[0]
        times = [
            datetime.datetime.fromisoformat(line[1:line.index("]")]).timestamp()
            for line in list(self.lines) if f"] Deleted {address} " in line]
        return [at for at in times if at >= after]


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


def api_time(text):
    """A google.protobuf.Timestamp in JSON, of which Python takes at most six decimals."""
    return datetime.datetime.fromisoformat(text.rstrip("Z")[:26] + "+00:00").timestamp()
