"""The Python peers, on the same interpreter and in the same environment as the sidecar. Their sources are in `python/`."""

from collections.abc import Callable

from bench.peers.peer import BENCH, ENVIRONMENT, Command, Kind, Peer, Place

SCRIPTS = BENCH / "peers" / "python"
PYTHON = ENVIRONMENT / "python"


def _running(script: str) -> Callable[[Place], list[Command]]:
    def commands(place: Place) -> list[Command]:
        return [[PYTHON, SCRIPTS / script, str(place.port), str(place.backend_port), place.rights, place.folder / "access.log"]]

    return commands


def _mitmproxy(place: Place) -> list[Command]:
    # Its own files (a certificate authority) stay in the folder too.
    options = {"confdir": place.folder, "rights": place.rights, "listen_host": "127.0.0.1", "listen_port": place.port, "flow_detail": 1}
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    backend = f"reverse:http://127.0.0.1:{place.backend_port}"
    return [[ENVIRONMENT / "mitmdump", "--mode", backend, "-s", SCRIPTS / "mitmproxy_script.py", *settings]]


AIOHTTP = Peer("aiohttp Application + ClientSession", Kind.PEER, _running("aiohttp_application.py"), (PYTHON,))
STARLETTE = Peer("Starlette + httpx", Kind.PEER, _running("starlette_httpx.py"), (PYTHON,))
MITMPROXY = Peer("mitmproxy script", Kind.PEER, _mitmproxy, (ENVIRONMENT / "mitmdump",))
