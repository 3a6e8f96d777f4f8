"""A token endpoint as a backend has it: checks proofs for itself, gives out tokens that end, and can be told to misbehave."""

import asyncio
import base64
import contextlib
import itertools
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sidecar.cli.run import loop_factory
from tests.end_to_end.harness.backend import Received, Script, TreacherousBackend, Visit
from tests.end_to_end.harness.wire import PATIENCE

PATH = "/ProfitRestServices/oauth/token"
CLIENT = "sidecar: at work"
CLIENT_SECRET = "s3cr3t of+the&client=%41:ZQ81"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS256", "PS256", "ES256")
_REFUSED = b'{"externalMessage":"Not logged in"}'

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class TokenEndpoint:
    """Runs in a thread of its own; tests look and change from theirs.

    :ivar asked: the forms of all requests.
    :ivar tokens: those given out, each with the moment (monotonic) at which it ends.
    :ivar behaviour: answers instead, while it is set.
    :ivar open: requests wait until it is set.
    """

    port: int = 0
    has_tls: bool = False
    secret: str = CLIENT_SECRET
    keys: dict[str, Any] = field(default_factory=dict)
    audience: str = ""
    seconds: int = 3600
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)
    behaviour: Behaviour | None = None
    open: threading.Event = field(default_factory=threading.Event)
    strange_paths: list[str] = field(default_factory=list)
    assertions: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        return f"http{'s' * self.has_tls}://127.0.0.1:{self.port}{PATH}"

    def revoke(self) -> None:
        """Every token that was given out is worth nothing."""
        self.tokens.clear()

    def knows(self, received: Received) -> bool:
        """Whether a request to the backend has a token that holds now, and nothing else to prove itself."""
        values = received.values("Authorization")
        kind, _, token = values[0].partition(" ") if len(values) == 1 else ("", "", "")
        return kind == "Bearer" and time.monotonic() < self.tokens.get(token, 0)

    def guarding(self, backend: TreacherousBackend) -> Script:
        """What the backend does behind it."""

        async def script(visit: Visit, received: Received) -> None:
            if self.knows(received):
                await visit.say(backend._answer(received))
            else:
                head = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token"\r\nContent-Length: %d\r\n\r\n'
                await visit.say(head % len(_REFUSED) + _REFUSED)

        return script

    # What it serves.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.path != PATH:
            self.strange_paths.append(request.path)
            return web.json_response({"access_token": "access-of-elsewhere", "token_type": "bearer"})
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        while not self.open.is_set():  # noqa: ASYNC110  another thread sets it
            await asyncio.sleep(0.005)
        if self.behaviour is not None:
            return await self.behaviour(request)
        problem = self._problem(request, dict(form))
        if problem:
            # As careless servers do, it repeats what was sent.
            answer = {"error": problem, "error_description": f"not {form.get('client_secret')} {request.headers.get('Authorization')}"}
            return web.json_response(answer, status=401 if problem == "invalid_client" else 400)
        token = f"access-{next(self.numbers)}-" + base64.urlsafe_b64encode(str(time.monotonic_ns()).encode()).decode().rstrip("=") * 3
        self.tokens[token] = time.monotonic() + self.seconds
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": self.seconds, "refresh_token": None})

    def _problem(self, request: web.Request, form: dict[str, str]) -> str:
        if request.method != "POST" or request.query_string or request.content_type != "application/x-www-form-urlencoded":
            return "invalid_request"
        if form.pop("grant_type", "") != "client_credentials":
            return "unsupported_grant_type"
        basic = request.headers.get("Authorization", "")
        if sum((bool(basic), "client_secret" in form, "client_assertion" in form)) != 1:
            return "invalid_request"
        if basic:
            name, _, secret = base64.b64decode(basic.removeprefix("Basic "), validate=True).decode().partition(":")
            return "" if not form and self._is_secret(unquote_plus(name), unquote_plus(secret)) else "invalid_client"
        if form.pop("client_id", "") != CLIENT:
            return "invalid_client"
        if "client_secret" in form:
            return "" if self._is_secret(CLIENT, form.pop("client_secret")) and not form else "invalid_client"
        if form.pop("client_assertion_type", "") != ASSERTION:
            return "invalid_request"
        return "" if self._is_assertion(form.pop("client_assertion")) and not form else "invalid_client"

    def _is_secret(self, client: str, secret: str) -> bool:
        return (client, secret) == (CLIENT, self.secret)

    def _is_assertion(self, assertion: str) -> bool:
        algorithm = str(jwt.get_unverified_header(assertion).get("alg"))
        required = ["iss", "sub", "aud", "jti", "iat", "exp"]
        try:
            claims = jwt.decode(
                assertion,
                self.keys[algorithm].public_key(),
                algorithms=[algorithm],
                audience=self.audience or self.url,
                issuer=CLIENT,
                subject=CLIENT,
                options={"require": required},
            )
        except (jwt.InvalidTokenError, KeyError):
            return False
        once = claims["jti"] not in self.assertions
        self.assertions.add(claims["jti"])
        return once and 0 < claims["exp"] - claims["iat"] <= 300 and sorted(claims) == sorted(required)


def new_keys() -> dict[str, Any]:
    """A key for each algorithm."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    return {"RS256": rsa_key, "PS256": rsa_key, "ES256": ec.generate_private_key(ec.SECP256R1())}


@contextlib.contextmanager
def token_endpoint(tls: ssl.SSLContext | None = None) -> Iterator[TokenEndpoint]:
    """One that runs."""
    endpoint = TokenEndpoint(has_tls=tls is not None)
    endpoint.open.set()
    ready, done = threading.Event(), threading.Event()

    async def live() -> None:
        app = web.Application()
        app.router.add_route("*", "/{anything:.*}", endpoint.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        endpoint.port = runner.addresses[0][1]
        ready.set()
        while not done.is_set():  # noqa: ASYNC110  another thread sets it
            await asyncio.sleep(0.01)
        endpoint.open.set()
        await runner.cleanup()

    def run() -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(live())

    thread = threading.Thread(target=run, name="token endpoint")
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield endpoint
    finally:
        done.set()
        thread.join(PATIENCE)
    assert not thread.is_alive()
