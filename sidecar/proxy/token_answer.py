"""What a token endpoint answered, read strictly: it decides what the sidecar says to the backend from then on. Pure."""

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,8192}=*")  # RFC 6750 2.1
_LONGEST_TOKEN = 8192
_DEFAULT_SECONDS = 3600
_MOST_SECONDS = 86_400
_KNOWN_ERRORS = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "use_dpop_nonce",
    }
)
"""Codes that are told. Any other text of an error may repeat what was sent."""


class FetchOutcome(StrEnum):
    """How the fetching of an access token can end; in metrics."""

    SUCCESS = "success"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"


class NoTokenError(Exception):
    """There is no access token. `problem` says why, without anything secret."""

    def __init__(self, outcome: FetchOutcome, problem: str) -> None:
        super().__init__(problem)
        self.outcome = outcome
        self.problem = problem


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and for how many seconds it lives from the moment when it was asked for."""

    value: str = field(repr=False)
    seconds: int

    @property
    def line(self) -> bytes:
        """The header that carries it, with its CRLF."""
        return b"Authorization: Bearer %b\r\n" % self.value.encode("ascii")


def read_token_answer(status: int, body: bytes | None) -> AccessToken:
    """The token in an answer.

    :param body: None where it is longer than is read.
    :raises NoTokenError: for everything that is not a token of the kind that was asked for.
    """
    if 300 <= status < 400:
        raise NoTokenError(FetchOutcome.MALFORMED, f"the token endpoint redirects ({status}), which is not followed; mend `token_url`")
    if status == 429 or status >= 500:
        raise NoTokenError(FetchOutcome.UNAVAILABLE, f"the token endpoint answered with status {status}")
    if status >= 400:
        raise NoTokenError(FetchOutcome.REFUSED, f"the token endpoint refused with status {status}{_error_in(body)}")
    if status != 200 or body is None:
        what = f"with status {status}" if status != 200 else "with more than is read"
        raise NoTokenError(FetchOutcome.MALFORMED, f"the token endpoint answered {what}")
    try:
        answer = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):  # the message may quote the answer
        raise _malformed("it is not JSON that has one reading") from None
    if not isinstance(answer, dict):
        raise _malformed("it is no JSON object")
    return AccessToken(_token(answer), _seconds(answer.get("expires_in")))


def _token(answer: dict[str, Any]) -> str:
    kind, token = answer.get("token_type"), answer.get("access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _malformed("its token_type is not bearer")
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or _TOKEN.fullmatch(token) is None:
        raise _malformed(f"its access_token is not one of at most {_LONGEST_TOKEN} characters that can stand in a header")
    return token


def _seconds(value: Any) -> int:
    if value is None:
        return _DEFAULT_SECONDS
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _malformed("its expires_in is not a number of seconds")
    return min(value, _MOST_SECONDS)


def _error_in(body: bytes | None) -> str:
    try:
        error = json.loads(body or b"")["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return f" ({error})" if isinstance(error, str) and error in _KNOWN_ERRORS else ""


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError
    return content


def _malformed(why: str) -> NoTokenError:
    return NoTokenError(FetchOutcome.MALFORMED, f"the answer of the token endpoint can't be used: {why}")
