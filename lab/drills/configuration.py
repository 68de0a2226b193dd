"""Drill on a reload."""
import time

from drills.fleet import Traffic, vipctl
from harness import check, ctl, poll, show

FILE = "/etc/anycastvip/node.yaml"


def sessions(node):
    """Each peer with the time since which it is Established."""
    return {peer["name"]: (peer["state"], peer.get("establishedAt")) for peer in vipctl(node, "peers")["peers"]}


def reloaded(fleet):
    before = sessions("a1")
    ctl("a1", "cp", FILE, f"{FILE}.good")
    with Traffic() as traffic:
        traffic.more()
        begin = time.time()
        ctl("a1", "sed", "-i", "s/holdTime/holdTme/", FILE)
        output = show("a1", "vipctl", "config", "reload", exit_code=2)
        check(f"{FILE}:3:" in output and "did you mean" in output, "refused whole, with line, column and a suggestion")
        ctl("a1", "cp", f"{FILE}.good", FILE)
        ctl("a1", "sed", "-i", "/name: s3/d", FILE)
        show("a1", "vipctl", "config", "reload")
        poll("a1 has two backends", lambda: len(vipctl("a1", "backends", "web")["backends"]) == 2)
        after = time.time()
        traffic.more()
        served = {request.by for request in traffic.requests() if request.start > after}
        check("a1-s3" not in served and {"a1-s1", "a1-s2"} <= served, "the good one applies: a1 serves with s1 and s2")
        ctl("a1", "mv", f"{FILE}.good", FILE)
        ctl("a1", "vipctl", "config", "reload")
        traffic.more()
        check(not fleet.changes(begin), "no router's route has changed")
        check(sessions("a1") == before, "no session of a1 was reset")
        return fleet.judge(traffic, begin)
