"""HAProxy, only forwarding: one thread, connections to the backend shared, a log line for each request."""

from pathlib import Path

from bench.peers.peer import Command, Kind, Peer, Place

_HAPROXY = Path("/usr/sbin/haproxy")


def _commands(place: Place) -> list[Command]:
    file = place.folder / "haproxy.cfg"
    file.write_text(
        f"""global
  nbthread 1
  log stdout format raw local0

defaults
  mode http
  log global
  option httplog
  http-reuse always
  timeout connect 5s
  timeout client 120s
  timeout server 120s

frontend clients
  bind 127.0.0.1:{place.port} backlog 4096
  default_backend connectors

backend connectors
  server one 127.0.0.1:{place.backend_port}
"""
    )
    return [[_HAPROXY, "-db", "-f", file]]


FORWARDS = Peer("HAProxy, forwards only", Kind.LIMIT, _commands, (_HAPROXY,))
