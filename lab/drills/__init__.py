"""The drills: each a function of the fleet that shows and asserts what happens, and tells how many requests failed."""
from drills import backends, configuration, drains, processes, routers

DRILLS = {
    "a": ("One backend crashes", backends.one_backend_crashes),
    "b": ("All backends of a node crash", backends.all_backends_crash),
    "c": ("A node is drained and undrained", drains.node_drained),
    "d": ("The speaker dies (kill -9)", processes.speaker_dies),
    "e": ("The proxy dies (kill -9)", processes.proxy_dies),
    "f": ("The gate dies and returns, then stays away", processes.gate_dies),
    "g": ("A router's bgpd restarts", routers.router_restarts),
    "h": ("All of site A is drained, and returns", drains.site_drained),
    "i": ("A link is cut without a reset", routers.link_is_cut),
    "j": ("A typo is reloaded, then a good file", configuration.reloaded),
}
