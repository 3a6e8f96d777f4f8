"""The admin port: `/livez`, `/readyz` and `/metrics`. Nothing of the traffic passes here, and nothing of it is served there."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST


def admin_app(readiness: Callable[[], tuple[bool, dict[str, Any]]], registry: CollectorRegistry) -> web.Application:
    """The application.

    :param readiness: whether requests can be served now, and what there is to say about it.
    :param registry: holds the metrics.
    """

    async def livez(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        ready, report = readiness()
        return web.Response(
            status=200 if ready else 503, text=json.dumps({"ready": ready, **report}, indent=2) + "\n", content_type="application/json"
        )

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app
