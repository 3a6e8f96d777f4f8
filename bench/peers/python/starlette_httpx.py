"""The peer on Starlette and httpx, as most people write it, served by uvicorn.

starlette_httpx.py <port> <backend port> <rights.json> <log file>
"""

import contextlib
import copy
import sys
from collections.abc import AsyncIterator

import httpx
import uvicorn
from same_work import HOP_BY_HOP, Refused, Rights
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


def application(backend: str, rights: Rights) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=backend, limits=httpx.Limits(max_connections=1000), timeout=60) as app.state.client:
            yield

    async def forward(request: Request) -> Response:
        try:
            narrowed = rights.narrow(request.method, request.url.path, request.url.query, request.headers.get("authorization"))
        except Refused as refused:
            return Response(status_code=refused.status)
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP and name != "host"}
        headers["authorization"] = rights.backend_credential
        client: httpx.AsyncClient = request.app.state.client
        answer = await client.send(client.build_request("GET", narrowed.target, headers=headers), stream=True)
        passed = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return StreamingResponse(answer.aiter_raw(), answer.status_code, passed, background=BackgroundTask(answer.aclose))

    return Starlette(routes=[Route("/{path:path}", forward)], lifespan=lifespan)


if __name__ == "__main__":
    port, backend_port, rights_file, log_file = sys.argv[1:]
    logging_to_file = copy.deepcopy(uvicorn.config.LOGGING_CONFIG)
    for handler in logging_to_file["handlers"].values():
        handler.pop("stream")
        handler.update({"class": "logging.FileHandler", "filename": log_file})
    uvicorn.run(
        application(f"http://127.0.0.1:{backend_port}", Rights.load(rights_file)),
        host="127.0.0.1",
        port=int(port),
        log_config=logging_to_file,
        timeout_keep_alive=75,
    )
