"""One-time passwords between REST and the desk: under which paths they are served, what is answered, what a backend is asked."""

from functools import lru_cache

from sidecar.dialects.otp import OtpCall
from sidecar.dialects.rest.otp import write_step, write_token
from sidecar.otp.result import Accepted, Issued
from sidecar.proxy.otp_desk import Result
from sidecar.proxy.own_answers import REFERENCE_HEADER, OwnAnswer, answer_json
from sidecar.proxy.request_headers import RequestHeaders
from sidecar.proxy.route import route_to
from sidecar.proxy.upstream import Origin, header_lines, request_line
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Environment, Snapshot

_JSON = b"application/json;charset=utf-8"


def otp_bases(snapshot: Snapshot) -> tuple[tuple[str, ...], ...]:
    """The base paths of the environments that have one-time passwords."""
    return _bases(tuple([(each.rest, each.ca_file) for each in snapshot.environments.values() if each.otp is not OtpMode.OFF]))


@lru_cache(maxsize=64)
def _bases(environments: tuple[tuple[str, str | None], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(base for rest, ca_file in environments for base in route_to(rest, ca_file).bases))


def answer_otp(result: Result, reference: str) -> OwnAnswer:
    """The answer; whoever gets no token gets the same one."""
    match result:
        case Issued(data):
            return answer_json(write_token(data), reference, cache="no-store")
        case Accepted():
            return answer_json(b"{}", reference, cache="no-store")
        case _:
            return OwnAnswer(204, ((REFERENCE_HEADER, reference), ("Cache-Control", "no-store"), ("Access-Control-Allow-Origin", "*")))


def forward_otp(environment: Environment, call: OtpCall, headers: RequestHeaders) -> tuple[Origin, bytes, bytes]:
    """Origin, head and body by which the environment's backend is asked: made anew, without any token.

    :raises Refusal: as `RequestHeaders.for_backend`.
    """
    route = route_to(environment.rest, environment.ca_file)
    path, body = write_step(call)
    own = header_lines(((b"Host", route.origin.host_header), (b"Content-Type", _JSON), (b"Content-Length", b"%d" % len(body))))
    return route.origin, request_line("POST", f"{route.base_path}{path}") + own + headers.for_backend() + b"\r\n", body
