"""What the labs' runs stand on: commands in nodes, checks that are shown, what routers' kernels did and when."""
import atexit
import dataclasses
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
# Set by lab/run.
TOPOLOGY = os.environ.get("LAB_TOPOLOGY", "")
TIMEOUT = 30

_temporary = tempfile.TemporaryDirectory(prefix="lab-run-")
_pids = {}


class Failure(Exception):
    """Something is not as it should be; the text says what."""


class TooSlow(Failure):
    """A time is over its bound, which can be the doing of whatever else the machine does."""


def check(holds, text, but=""):
    """Shows what was found to be so, or fails with it, and with what was found in its place."""
    if not holds:
        raise Failure(f"not so: {text}{f', but {but}' if but else ''}")
    print(f"    ok: {text}", flush=True)


def within(seconds, bound, text):
    """Shows a time that is within its bound, in seconds, or fails with it."""
    if seconds > bound:
        raise TooSlow(f"not within {duration(bound)}: {text}")
    print(f"    ok: {text}", flush=True)


def duration(seconds):
    return f"{seconds:.3f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _in_node(node, command):
    """What lab/ctl does, without the start of a .NET program for each command."""
    if not _pids:
        inspect = ["dotnet", LAB / "Netlab/bin/Release/net10.0/netlab.dll", "inspect", "--topo", TOPOLOGY, "-f", "json"]
        states = json.loads(subprocess.run(inspect, stdout=subprocess.PIPE, text=True, check=True).stdout)
        _pids.update((state["name"], state["pid"]) for state in states)
    if command[0] in ("vipd", "vipctl"):
        command = ("dotnet", f"/opt/anycastvip/{command[0]}/{command[0]}.dll", *command[1:])
    return ["nsenter", f"--target={_pids[node]}", "--mount", "--uts", "--pid", "--net", "--", *command]


def run(node, *command):
    """Runs a command in a node; exit code and both outputs."""
    return subprocess.run(_in_node(node, command), stdin=subprocess.DEVNULL, capture_output=True, text=True)


def try_ctl(node, *command):
    """Runs a command in a node; its standard output, or None when it fails."""
    done = run(node, *command)
    return done.stdout if done.returncode == 0 else None


def ctl(node, *command):
    """Runs a command in a node, which must succeed; its standard output."""
    done = run(node, *command)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(command)} in {node} exits with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def show(node, *command, exit_code=0):
    """Runs a command in a node and shows it as a user would type it, with what it prints."""
    print(f"    $ lab/ctl {node} {shlex.join(command)}")
    done = run(node, *command)
    output = done.stdout + done.stderr
    for line in output.splitlines():
        if line.strip():
            print(f"      {line.rstrip()}")
    if done.returncode != exit_code:
        raise Failure(f"{shlex.join(command)} in {node} exits with {done.returncode}, not {exit_code}")
    return output


def poll(what, ask, timeout=TIMEOUT):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + timeout
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout} s in vain: {what}")
        time.sleep(0.05)
    return answer


class Background:
    """A command in a node that runs beside the walk."""

    def __init__(self, node, *command):
        self._process = subprocess.Popen(
            _in_node(node, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env={**os.environ, "TMPDIR": _temporary.name},
            # A group of its own: a Ctrl-C is for the walk alone, and a signal to the group reaches the command itself.
            start_new_session=True)
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
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

    def terminate(self):
        """SIGTERM; returns once all that the command had to say is in lines."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)

    def exit_code(self):
        """Waits for the end."""
        return self._process.wait(TIMEOUT)

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip())


@dataclasses.dataclass
class RouteChange:
    """A route as the kernel had it from a time on."""
    at: float
    devices: frozenset  # Where its packets go; none when it was deleted.


class RouteMonitor(Background):
    """When routes changed in a router's kernel: `ip -ts monitor route`."""

    PROBE = "198.18.0.0/15"

    def __init__(self, router):
        super().__init__(router, "stdbuf", "-oL", "ip", "-ts", "monitor", "route")
        self._router = router
        poll("ip monitor listens", self._sees_a_change)

    def changes(self, address, after):
        """Each change of a host route after a time."""
        changes, current = [], None
        for line in list(self.lines):
            if line.startswith("["):
                at, _, text = line[1:].partition("] ")
                is_deleted = text.startswith("Deleted ")
                words = text.removeprefix("Deleted ").split()
                # The kernel's tools leave the length of a host route out.
                current = words[:1] == [address] and RouteChange(_timestamp(at), frozenset())
                if current:
                    changes.append(current)
            else:
                words = line.split()
            if current and not is_deleted:
                current.devices |= {words[i + 1] for i, word in enumerate(words[:-1]) if word == "dev"}
        return [change for change in changes if change.at >= after]

    def deleted(self, prefix, after):
        """Waits until a host route has left the kernel after a time; how many seconds after."""
        address = prefix.split("/")[0]

        def deletions():
            return [change for change in self.changes(address, after) if not change.devices]
        return poll(f"{prefix} leaves the kernel of {self._router}", deletions)[0].at - after

    def _sees_a_change(self):
        ctl(self._router, "ip", "route", "replace", "blackhole", self.PROBE)
        ctl(self._router, "ip", "route", "del", "blackhole", self.PROBE)
        return any(self.PROBE in line for line in self.lines)


def _timestamp(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def api_time(text):
    """A google.protobuf.Timestamp in JSON, of which Python takes at most six decimals."""
    return _timestamp(text.rstrip("Z")[:26] + "+00:00")
