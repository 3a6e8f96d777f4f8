"""A refusal as the client sees it: the status of its kind, and the backend's own shape of an error, over SOAP a fault (wire reference
3.7, 6.3).

Who may not use a connector and who asks for one that does not exist get the same answer; the reference leads to the reason in the log.
"""

import json

from sidecar.dialects.soap.answers import fault
from sidecar.dialects.soap.version import Version
from sidecar.errors import Kind, Reason, Refusal
from sidecar.identity.dpop_proof import ALGORITHMS
from sidecar.proxy.own_answers import OwnAnswer, answer_json, answer_soap

STATUS = {
    Kind.CALL: 400,
    Kind.PATH: 404,
    Kind.VERB: 405,
    Kind.IDENTITY: 401,
    Kind.RIGHTS: 403,
    Kind.FILE: 404,
    Kind.TARGET_SIZE: 414,
    Kind.HEAD_SIZE: 431,
    Kind.BODY_SIZE: 413,
    Kind.MEDIA: 415,
    Kind.FLOOD: 429,
    Kind.SLOW_CLIENT: 408,
    Kind.UNREADY: 503,
    Kind.BACKEND: 502,
    Kind.BACKEND_SLOW: 504,
    Kind.INTERNAL: 500,
}

_MESSAGES = {
    Kind.CALL: "The call cannot be read.",
    Kind.PATH: "There is nothing at this path.",
    Kind.VERB: "This verb is not served at this path.",
    Kind.IDENTITY: "The user token is missing, malformed, unknown, expired or revoked.",
    Kind.RIGHTS: "This is not supported for this app, or the user is not authorised.",
    Kind.FILE: "The file does not exist, or you have no rights to it.",
    Kind.TARGET_SIZE: "The query string is too long.",
    Kind.HEAD_SIZE: "The request's head is too large.",
    Kind.BODY_SIZE: "The body is too large.",
    Kind.MEDIA: "The body is of an unsupported type.",
    Kind.FLOOD: "Too many requests; try again later.",
    Kind.SLOW_CLIENT: "The body did not arrive in time.",
    Kind.UNREADY: "Not ready to serve.",
    Kind.BACKEND: "The backend cannot be reached or gave no usable answer.",
    Kind.BACKEND_SLOW: "The backend did not answer in time.",
    Kind.INTERNAL: "An unexpected error occurred.",
}
_ABOUT_THE_CALL = frozenset(
    {Kind.CALL, Kind.PATH, Kind.VERB, Kind.TARGET_SIZE, Kind.HEAD_SIZE, Kind.BODY_SIZE, Kind.MEDIA, Kind.SLOW_CLIENT}
)
_OF_PROOFS = frozenset({Reason.DPOP_PROOF, Reason.DPOP_REPLAYED})
_WANT_PROOFS = frozenset({Reason.JWT_AS_BEARER, Reason.JWT_UNBOUND})
_ALGORITHMS = " ".join(ALGORITHMS)
ERROR_NUMBER = -2147180996
"""The backend's number for a general functional error; clients are told not to interpret it."""


def answer_for(refusal: Refusal, reference: str, fault_version: Version | None = None, *, behind_dpop: bool = False) -> OwnAnswer:
    """The answer to a refused request. Details are told only where they are about the caller's own words.

    :param fault_version: answer a SOAP message of this version.
    :param behind_dpop: the token came behind `DPoP`.
    """
    kind = refusal.reason.kind
    message = _MESSAGES[kind]
    if refusal.detail and kind in _ABOUT_THE_CALL:
        message = f"{message} {refusal.detail[:1].upper()}{refusal.detail[1:]}."
    if fault_version is not None:
        return answer_soap(fault(fault_version, message, ERROR_NUMBER, reference), fault_version, reference, 500)
    body = {"externalMessage": message, "errorNumber": ERROR_NUMBER, "profitLogReference": reference}
    further = [("X-Content-Type-Options", "nosniff")]
    if kind is Kind.IDENTITY:
        further.append(("WWW-Authenticate", _challenge(refusal.reason, behind_dpop=behind_dpop)))
    if refusal.retry_after is not None:
        further.append(("Retry-After", str(refusal.retry_after)))
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return answer_json(text.encode(), reference, STATUS[kind], "no-store", tuple(further))


def _challenge(reason: Reason, *, behind_dpop: bool) -> str:
    """How to prove oneself instead (RFC 6750, 3.1; RFC 9449, 7.1)."""
    if not reason.is_about_a_jwt:
        return "AfasToken"
    if reason in _OF_PROOFS:
        return f'DPoP error="invalid_dpop_proof", algs="{_ALGORITHMS}"'
    if behind_dpop or reason in _WANT_PROOFS:
        return f'DPoP error="invalid_token", algs="{_ALGORITHMS}"'
    return 'Bearer error="invalid_token"'
