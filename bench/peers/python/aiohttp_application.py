"""The peer as most people write it: an aiohttp Application that asks a ClientSession.

aiohttp_application.py <port> <backend port> <rights.json> <log file>
"""

import logging
import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, TCPConnector, web
from same_work import HOP_BY_HOP, Refused, Rights
from yarl import URL

SESSION = web.AppKey("session", ClientSession)


def application(backend: str, rights: Rights) -> web.Application:
    async def session(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(connector=TCPConnector(limit=0), auto_decompress=False) as app[SESSION]:
            yield

    async def forward(request: web.Request) -> web.StreamResponse:
        try:
            narrowed = rights.narrow(request.method, request.path, request.rel_url.raw_query_string, request.headers.get("Authorization"))
        except Refused as refused:
            return web.Response(status=refused.status)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP and name.lower() != "host"}
        headers["Authorization"] = rights.backend_credential
        url = URL(backend + narrowed.target, encoded=True)
        async with request.app[SESSION].get(url, headers=headers, allow_redirects=False) as answer:
            passed = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            response = web.StreamResponse(status=answer.status, headers=passed)
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


if __name__ == "__main__":
    port, backend_port, rights_file, log_file = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, filename=log_file)
    web.run_app(
        application(f"http://127.0.0.1:{backend_port}", Rights.load(rights_file)),
        host="127.0.0.1",
        port=int(port),
        print=None,
        keepalive_timeout=75,
        loop=uvloop.new_event_loop(),
    )
