"""The admin port: `/livez`, `/readyz` and `/metrics`, and the administration API where there is one. Nothing of the traffic passes here,
and nothing of this is served there.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from sidecar.admin.connections import LAST_MOMENTS, PATIENCE, Connections
from sidecar.settings.scalars import host_and_port
from sidecar.store.tls_watch import RenewableContext

_LONGEST_HANDSHAKE = 10.0

Readiness = Callable[[], tuple[bool, dict[str, Any]]]
"""Whether requests can be served now, and what there is to say about it."""


async def _nothing_to_fetch() -> None:
    """Everything that is told is known in this process."""


def _nothing_more(_app: web.Application) -> None:
    """Health and metrics is all there is."""


def admin_app(
    readiness: Readiness,
    registry: CollectorRegistry,
    fetch: Callable[[], Awaitable[None]] = _nothing_to_fetch,
    add_more: Callable[[web.Application], None] = _nothing_more,
) -> web.Application:
    """The application.

    :param registry: holds the metrics.
    :param fetch: is waited for before either is looked at; must not take long.
    :param add_more: adds what else is served there.
    """

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        await fetch()
        ready, report = readiness()
        return web.Response(
            status=200 if ready else 503, text=json.dumps({"ready": ready, **report}, indent=2) + "\n", content_type="application/json"
        )

    async def metrics(_request: web.Request) -> web.Response:
        await fetch()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    add_more(app)
    return app


@contextlib.asynccontextmanager
async def admin_port(
    listen: str,
    app: web.Application,
    tls: RenewableContext | None = None,
    patience: float = PATIENCE,
    last_moments: float = LAST_MOMENTS,
) -> AsyncIterator[str]:
    """Serve the application there; gives its URL with the real port.

    :param tls: for handshakes; plain HTTP without it.
    :param patience: seconds for a connection on which nothing is asked.
    :param last_moments: seconds for requests that are going on when all is over, and as many for answers that nobody reads.
    :raises OSError: when the address can't be had.
    """
    if tls is not None:
        app.middlewares.insert(0, _vouched_for(tls))
    connections = Connections()
    app.middlewares.insert(0, connections.note)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=patience, shutdown_timeout=last_moments)
    listening = None
    try:
        await runner.setup()
        protocol = connections.made_by(cast("web.Server", runner.server))
        host, port = host_and_port(listen)
        handshake = None if tls is None else _LONGEST_HANDSHAKE
        listening = await asyncio.get_running_loop().create_server(protocol, host, port, ssl=tls, ssl_handshake_timeout=handshake)
        yield url_of(host, listening.sockets[0].getsockname()[1], secure=tls is not None)
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()


def _vouched_for(tls: RenewableContext) -> Middleware:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        agreed = request.get_extra_info("ssl_object")
        if agreed is not None and agreed.getpeercert(True) and not tls.vouches_for(agreed.context):
            refused = web.Response(status=403, text="the certificate is vouched for by nobody any more\n")
            refused.force_close()
            return refused
        return await handler(request)

    return check


def url_of(host: str, port: int, *, secure: bool = False) -> str:
    """Where it is reachable."""
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
