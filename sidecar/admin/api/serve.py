"""A request to the API, from its header to its answer: who asks, what is meant, is it well-formed, done."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web
from pydantic import BaseModel

from sidecar.admin.api.access import MOST_FAILURES, FailedTries, Holder, holder_of
from sidecar.admin.api.content import has_content, read_content, typed
from sidecar.admin.api.describe import DESCRIPTION, description, parameters_of
from sidecar.admin.api.entity_tag import read_if_match, tag_of, unless_overwritten
from sidecar.admin.api.problem import Problem, Why, answer_to, problem_of
from sidecar.admin.api.routes import Route, routes_at, showing
from sidecar.admin.api.target import PREFIX, read_target
from sidecar.administration.not_done import NotDoneError
from sidecar.administration.operation import Changed, Kind
from sidecar.administration.perform import Administration, perform
from sidecar.administration.requests import read_request
from sidecar.database.unavailable import Unavailable
from sidecar.settings.admin import AdminKey

_MOST_AT_ONCE = 16
PATIENCE = 60.0  # seconds: somebody with hundreds of thousands of tokens may be renamed or removed
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the API goes by at one moment: whom it lets in, and what they work on."""

    keys: Mapping[str, AdminKey]
    administration: Administration


class AdministrationApi:
    """Serves what is below `PREFIX`. Without keys, or with policy in files, there is nothing."""

    def __init__(
        self,
        standing: Callable[[], Standing | None],
        results: Counter[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_failures: int = MOST_FAILURES,
    ) -> None:
        """:param results: counts how requests ended.
        :param most_failures: tries without a key in a minute, before more are told to wait.
        """
        self._standing = standing
        self._results = results
        self._now = now
        self._failed = FailedTries(monotonic, most_failures)
        self._doing = 0

    def add_to(self, app: web.Application) -> None:
        """Have the application serve it."""
        for path in (PREFIX, f"{PREFIX}/{{rest:[\\s\\S]*}}"):  # an escaped line break is part of a path too
            app.router.add_route("*", path, self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The answer to a request."""
        standing = self._standing()
        if standing is None or not standing.keys:
            raise web.HTTPNotFound
        try:
            answer = await self._answer(request, standing)
        except Problem as problem:
            answer = answer_to(problem)
            self._results[problem.why.value] += 1
            if not request.content.at_eof():
                answer.force_close()  # what is left of the request is not worth reading
        else:
            self._results["success"] += 1
        answer.headers.update(_HEADERS)
        return answer

    async def _answer(self, request: web.Request, standing: Standing) -> web.Response:
        holder = self._let_in(request, standing)
        segments, parameters = read_target(request.raw_path)
        if segments == DESCRIPTION:
            _method_of({"GET": None}, request)
            return web.json_response(description())
        route = _method_of(routes_at(segments), request)
        if holder.read_only and route.operation.kind is not Kind.READ:
            raise Problem(Why.READ_ONLY, f"the key `{holder.name}` is for reading only", "take another one")
        if self._doing >= _MOST_AT_ONCE:
            raise Problem(Why.UNAVAILABLE, "too many requests are being worked on", "ask again", headers={"Retry-After": "1"})
        self._doing += 1
        try:
            return await self._do(request, route, segments, parameters, holder, standing.administration)
        except NotDoneError as error:
            raise problem_of(error) from None
        except (Unavailable, TimeoutError):
            remedy = "look whether it was done before you ask again"
            raise Problem(Why.UNAVAILABLE, "the database gives no answer", remedy, headers={"Retry-After": "5"}) from None
        except Problem:
            raise
        except Exception as error:  # its text could hold anything
            kind = type(error).__name__
            structlog.get_logger("sidecar").error("a fault of the administration API", operation=route.operation.name, kind=kind)
            raise Problem(Why.FAULT, "a fault of the sidecar itself; its log tells the kind") from None
        finally:
            self._doing -= 1

    def _let_in(self, request: web.Request, standing: Standing) -> Holder:
        holder = holder_of(request.headers.getall("Authorization", []), standing.keys)
        if holder is not None:
            return holder
        if self._failed.add() == 1:
            structlog.get_logger("sidecar").warning("somebody without a key asked the administration API", client=request.remote)
        if self._failed.too_many:
            wait = {"Retry-After": str(self._failed.seconds)}
            raise Problem(Why.TOO_MANY_TRIES, "too many tries without a key that is known", "wait", headers=wait)
        challenge = {"WWW-Authenticate": 'Bearer realm="administration"'}
        raise Problem(Why.UNAUTHORIZED, "needs a key that is known", "`Authorization: Bearer <key>`", headers=challenge)

    async def _do(
        self,
        request: web.Request,
        route: Route,
        segments: tuple[str, ...],
        parameters: Mapping[str, str],
        holder: Holder,
        administration: Administration,
    ) -> web.Response:
        operation = route.operation
        named = {route.key: segments[1]} if route.key else {}
        if route.method in ("GET", "DELETE") and has_content(request):
            raise Problem(Why.MALFORMED, f"{route.method} has no content", "leave it out")
        content = {} if route.method in ("GET", "DELETE") else await read_content(request)
        asked = typed(parameters, parameters_of(route))
        if unknown := [*(content.keys() & named.keys()), *(asked.keys() - parameters_of(route).keys())]:
            raise Problem(Why.INVALID, "is not a part of this request", place=min(unknown))
        expected = read_if_match(request.headers.getall("If-Match", []))
        show = showing(route.collection) if route.key else None
        if expected:
            if show is None or operation.kind is Kind.READ:
                raise Problem(Why.MALFORMED, "`If-Match` is for changes of what can be shown", "leave it out")
            operation = unless_overwritten(operation, show.operation, read_request(show.operation, {show.key: segments[1]}), expected)
        whole = read_request(operation, {**content, **asked, **named})
        async with asyncio.timeout(PATIENCE):
            result = await perform(administration, operation, whole, holder.who, self._now())
        return _told(route, result, tagged=route is show and not parameters)


def _method_of(found: Mapping[str, Any], request: web.Request) -> Any:
    """What is found under the request's method; HEAD is a GET of which aiohttp sends the head only."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in found:
        allowed = sorted({*found, *(("HEAD",) if "GET" in found else ())})
        raise Problem(Why.METHOD, f"there is no {request.method[:20]} here", headers={"Allow": ", ".join(allowed)})
    return found[method]


def _told(route: Route, result: BaseModel, *, tagged: bool) -> web.Response:
    headers = {"ETag": tag_of(result)} if tagged else {}
    if route.makes and isinstance(result, Changed) and showing(route.collection):
        headers["Location"] = f"{PREFIX}/{route.collection}/{quote(result.subject, safe='')}"
    return web.Response(
        status=201 if route.makes else 200, text=result.model_dump_json(indent=2) + "\n", content_type="application/json", headers=headers
    )
