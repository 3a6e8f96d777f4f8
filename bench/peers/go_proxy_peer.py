"""The reverse proxy of Go's standard library, doing the same work; its source is in `go_proxy/`."""

from bench.peers.peer import BUILT, Command, Kind, Peer, Place

_BINARY = BUILT / "go-proxy"


def _commands(place: Place) -> list[Command]:
    return [[_BINARY, f"127.0.0.1:{place.port}", f"127.0.0.1:{place.backend_port}", place.rights, place.folder / "access.log"]]


GO = Peer("Go ReverseProxy", Kind.PEER, _commands, (_BINARY,))
