"""Two Node proxies that do the same work: on http-proxy, and on undici. Their sources are in `node/`."""

import shutil
from collections.abc import Callable
from pathlib import Path

from bench.peers.peer import BENCH, Command, Kind, Peer, Place

_NODE = Path(shutil.which("node") or "/usr/bin/node")


def _running(script: str) -> Callable[[Place], list[Command]]:
    def commands(place: Place) -> list[Command]:
        file = BENCH / "peers" / "node" / script
        return [[_NODE, file, str(place.port), str(place.backend_port), place.rights, place.folder / "access.log"]]

    return commands


HTTP_PROXY = Peer("Node http-proxy", Kind.PEER, _running("http_proxy.js"), (_NODE, BENCH / "node_modules" / "http-proxy"))
UNDICI = Peer("Node undici", Kind.PEER, _running("undici_proxy.js"), (_NODE, BENCH / "node_modules" / "undici"))
