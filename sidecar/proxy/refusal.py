"""A refusal as the client sees it: the status of its kind, and the backend's own shape of an error, over SOAP a fault (wire reference
3.7, 6.3).

Who may not use a connector and who asks for one that does not exist get the same answer; the reference leads to the reason in the log.
"""

import json

from sidecar.dialects.soap.answers import fault
from sidecar.dialects.soap.version import Version
from sidecar.errors import Kind, Refusal
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
ERROR_NUMBER = -2147180996
"""The backend's number for a general functional error; clients are told not to interpret it."""


def answer_for(refusal: Refusal, reference: str, fault_version: Version | None = None) -> OwnAnswer:
    """The answer to a refused request. Details are told only where they are about the caller's own words.

    :param fault_version: answer a SOAP message of this version.
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
        challenge = 'Bearer error="invalid_token"' if refusal.reason.is_about_a_jwt else "AfasToken"  # RFC 6750, 3.1
        further.append(("WWW-Authenticate", challenge))
    if refusal.retry_after is not None:
        further.append(("Retry-After", str(refusal.retry_after)))
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return answer_json(text.encode(), reference, STATUS[kind], "no-store", tuple(further))
