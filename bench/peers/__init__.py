"""Whom the sidecar is measured against: those who do the same work, and those who only forward and so mark the limit."""

from bench.peers import envoy, go_proxy_peer, haproxy, nginx, node, python
from bench.peers.peer import Peer

PEERS: tuple[Peer, ...] = (
    nginx.FORWARDS,
    haproxy.FORWARDS,
    envoy.FORWARDS,
    nginx.LUA,
    go_proxy_peer.GO,
    envoy.WITH_AUTHORIZER,
    node.UNDICI,
    node.HTTP_PROXY,
    python.AIOHTTP,
    python.STARLETTE,
    python.MITMPROXY,
)
