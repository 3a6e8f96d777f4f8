"""What the API answers when it does not do what was asked: `application/problem+json` (RFC 9457)."""

import json
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from aiohttp import web

from sidecar.administration.not_done import AlreadyThereError, InvalidError, NotDoneError, NotFoundError

CONTENT_TYPE = "application/problem+json"


class Why(StrEnum):
    """What kind of problem it is, for programs; never changes its name."""

    MALFORMED = "malformed"
    UNAUTHORIZED = "unauthorized"
    READ_ONLY = "read_only"
    NOT_FOUND = "not_found"
    METHOD = "method"
    TOO_SLOW = "too_slow"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"
    OVERWRITTEN = "overwritten"
    TOO_LARGE = "too_large"
    MEDIA_TYPE = "media_type"
    INVALID = "invalid"
    TOO_MANY_TRIES = "too_many_tries"
    FAULT = "fault"
    UNAVAILABLE = "unavailable"


STATUS: Mapping[Why, HTTPStatus] = {
    Why.MALFORMED: HTTPStatus.BAD_REQUEST,
    Why.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Why.READ_ONLY: HTTPStatus.FORBIDDEN,
    Why.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Why.METHOD: HTTPStatus.METHOD_NOT_ALLOWED,
    Why.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Why.ALREADY_THERE: HTTPStatus.CONFLICT,
    Why.REFUSED: HTTPStatus.CONFLICT,
    Why.OVERWRITTEN: HTTPStatus.PRECONDITION_FAILED,
    Why.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Why.MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Why.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    Why.TOO_MANY_TRIES: HTTPStatus.TOO_MANY_REQUESTS,
    Why.FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
    Why.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Problem(Exception):  # noqa: N818  the standard's word for it
    """Ends a request. Neither text may repeat a secret.

    :ivar place: the key path of what is wrong within the request.
    """

    def __init__(self, why: Why, detail: str, remedy: str = "", place: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(why, detail)
        self.why, self.detail, self.remedy, self.place, self.headers = why, detail, remedy, place, headers or {}

    @property
    def status(self) -> HTTPStatus:
        """The status of the answer."""
        return STATUS[self.why]


def answer_to(problem: Problem) -> web.Response:
    """The answer that tells it."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "reason": problem.why.value,
    }
    content |= {key: text for key, text in (("remedy", problem.remedy), ("place", problem.place)) if text}
    body = json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace") + b"\n"
    return web.Response(status=problem.status, body=body, content_type=CONTENT_TYPE, headers=dict(problem.headers))


def problem_of(error: NotDoneError) -> Problem:
    """The problem with an operation that was not done, in the words that the command line has for it."""
    match error:
        case NotFoundError():
            return Problem(Why.NOT_FOUND, error.message, error.remedy)
        case AlreadyThereError():
            return Problem(Why.ALREADY_THERE, error.message, error.remedy)
        case InvalidError():
            return Problem(Why.INVALID, error.message, error.remedy, error.place)
        case _:
            return Problem(Why.REFUSED, error.message, error.remedy)
