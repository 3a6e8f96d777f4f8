"""The external authorizer beside Envoy: says yes or no, and hands back the narrowed target and the backend's credential as headers.

authorizer.py <port> <rights.json>
"""

import sys

import uvloop
from aiohttp import web
from same_work import Refused, Rights


def application(rights: Rights) -> web.Application:
    async def check(request: web.Request) -> web.Response:
        try:
            narrowed = rights.narrow(request.method, request.path, request.rel_url.raw_query_string, request.headers.get("Authorization"))
        except Refused as refused:
            return web.Response(status=refused.status)
        return web.Response(headers={"Authorization": rights.backend_credential, "X-Narrowed": narrowed.target})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", check)
    return app


if __name__ == "__main__":
    port, rights_file = sys.argv[1:]
    web.run_app(
        application(Rights.load(rights_file)),
        host="127.0.0.1",
        port=int(port),
        print=None,
        access_log=None,
        keepalive_timeout=75,
        loop=uvloop.new_event_loop(),
    )
