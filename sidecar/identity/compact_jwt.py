"""A JWT as it comes: `Authorization: Bearer`, or `DPoP`, and three parts of base64url with dots between them (RFC 6750, 7519, 9449), in one
form only.

Nothing here is believed yet. What any two readers might take for two things is refused before a key is even looked for, so that no
library's leniency matters: padding, line ends, stray bits behind the last byte, a key twice, numbers out of range, other serialisations.
"""

import base64
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.identity.strict_json import NotStrictError, read_object

LONGEST = 16_384
"""Characters of a token."""
_LONGEST_HEADER = 4_096
_LONGEST_SIGNATURE = 2_048


class Scheme(StrEnum):
    """How a token is sent: alone, or with a proof of the key to which it is bound."""

    BEARER = "bearer"
    DPOP = "dpop"


_PRESENTED = re.compile(rb"(bearer|dpop) +([A-Za-z0-9._~+/=-]+)", re.IGNORECASE)  # RFC 6750, 2.1; RFC 9449, 7.1
_SCHEMES = (b"bearer", b"dpop")
_PART = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as it was sent."""

    scheme: Scheme
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CompactJwt:
    """A token taken apart and not verified.

    :ivar signing_input: what is signed: the first two parts as they came, with the dot between them.
    """

    header: dict[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(repr=False)
    signing_input: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def presented_in(authorization: bytes) -> Presented | None:
    """What stands behind `Bearer` or `DPoP` in an Authorization header's value; None for another scheme.

    :raises Refusal: JWT_MALFORMED for these schemes with anything else than one token behind.
    """
    if not authorization[:6].lower().startswith(_SCHEMES):
        return None
    match = _PRESENTED.fullmatch(authorization)
    if match is None or len(match[2]) > LONGEST:
        raise Refusal(Reason.JWT_MALFORMED, f"expected 'Authorization: Bearer <JWT>', or DPoP, of at most {LONGEST} characters")
    return Presented(Scheme(match[1].lower().decode()), match[2])


def read_compact(token: bytes) -> CompactJwt:
    """The token, taken apart.

    :raises Refusal: JWT_MALFORMED for any other form; the detail never repeats what was sent.
    """
    if len(token) > LONGEST or token.count(b".") != 2:
        raise Refusal(Reason.JWT_MALFORMED, "a signed JWT has three parts; one of five is encrypted, which is not accepted")
    header, payload, signature = token.split(b".")
    if len(header) > _LONGEST_HEADER or len(signature) > _LONGEST_SIGNATURE:
        raise Refusal(Reason.JWT_MALFORMED, "header or signature are longer than any that is known")
    decoded = _decoded(signature, "signature")
    return CompactJwt(_object(header, "header"), _object(payload, "payload"), header + b"." + payload, decoded)


def _object(part: bytes, name: str) -> dict[str, Any]:
    try:
        return read_object(_decoded(part, name))
    except NotStrictError as problem:
        raise Refusal(Reason.JWT_MALFORMED, f"the {name} is no strict JSON: {problem}") from None


def _decoded(part: bytes, name: str) -> bytes:
    if _PART.fullmatch(part) is not None and len(part) % 4 != 1:
        decoded = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
        # Bits behind the last byte could be anything, and the same token have many spellings.
        if base64.urlsafe_b64encode(decoded).rstrip(b"=") == part:
            return decoded
    raise Refusal(Reason.JWT_MALFORMED, f"the {name} is not base64url without padding")
