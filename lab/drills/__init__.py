"""The drills: each a function of the fleet that shows and asserts what happens."""
from drills import backends, configuration, drains, processes, routers

DRILLS = {
    "a": ("One backend crashes", backends.one_backend_crashes),
    "b": ("All backends of a node crash", backends.all_backends_crash),
    "c": ("A node is drained and undrained under load", drains.node_drained),
    "d": ("kill -9 of the speaker", processes.speaker_dies),
    "e": ("kill -9 of the proxy", processes.proxy_dies),
    "f": ("kill -9 of the gate, which returns within its lease; then it stays away", processes.gate_dies),
    "g": ("A router's bgpd restarts", routers.router_restarts),
    "h": ("All of site A is drained: clients land in B, and return", drains.site_drained),
    "i": ("A link is cut without a reset", routers.link_is_cut),
    "j": ("A configuration with a typo is reloaded, then a good one", configuration.reloaded),
}
