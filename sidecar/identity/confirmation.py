"""To what a JWT is bound (`cnf`, RFC 7800): its sender's key, which he proves with each request, or his client certificate. Pure.

A token that is bound is worth nothing in other hands, so whoever can't prove what it says is refused, also where it says what is not known.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import Any, Protocol

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import Presented, Scheme
from sidecar.policy.model import ClientCertificate

_KNOWN = frozenset({"jkt", "x5t#S256"})
_SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")


class Binding(StrEnum):
    """Whether tokens of an issuer may, or must, be bound in a certain way."""

    OFF = "off"
    ALLOWED = "allowed"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What must be proven: possession of the key with this thumbprint (RFC 9449), the certificate with this SHA-256 (RFC 8705)."""

    key: bytes | None = None
    certificate: bytes | None = None


UNBOUND = Confirmation()


def read_confirmation(claims: Mapping[str, Any], dpop: Binding, certificates: Binding) -> Confirmation:
    """What the token is bound to, as far as the issuer's tokens may and must be.

    :param dpop: to a key of the sender's.
    :param certificates: to a client certificate.
    :raises Refusal: JWT_BOUND or JWT_UNBOUND.
    """
    confirmation = _read(claims["cnf"]) if "cnf" in claims else UNBOUND
    for name, binding, said in (("jkt", dpop, confirmation.key), ("x5t#S256", certificates, confirmation.certificate)):
        if said is not None and binding is Binding.OFF:
            raise Refusal(Reason.JWT_BOUND, f"`cnf` has `{name}`, for which the issuer's entry takes no proof")
        if said is None and binding is Binding.REQUIRED:
            raise Refusal(Reason.JWT_UNBOUND, f"`cnf` has no `{name}`")
    return confirmation


def check_certificate(bound_to: bytes, certificate: ClientCertificate | None) -> None:
    """Raise unless the client has shown the certificate to which the token is bound.

    :param bound_to: its SHA-256.
    :raises Refusal: JWT_CERTIFICATE.
    """
    if certificate is None or not compare_digest(certificate.sha256, bound_to):
        raise Refusal(Reason.JWT_CERTIFICATE)


class KeyProof(Protocol):
    """What a request brought to prove the key of a token (RFC 9449)."""

    def check(self, key: bytes, token: bytes, public_urls: Sequence[str]) -> None:
        """Raise unless it proves this key, for this token and the request with which it came, under one of these URLs.

        :raises Refusal: DPOP_PROOF or DPOP_REPLAYED.
        """


def check_key(key: bytes, presented: Presented | None, proof: KeyProof | None, public_urls: Sequence[str]) -> None:
    """Raise unless the sender has proven the key to which the token is bound, if it is.

    :param key: its thumbprint; b"" for a token that is bound to none.
    :raises Refusal: JWT_AS_BEARER, DPOP_PROOF or DPOP_REPLAYED.
    """
    behind_dpop = presented is not None and presented.scheme is Scheme.DPOP
    if not key:
        if behind_dpop:
            raise Refusal(Reason.DPOP_PROOF, "the token is bound to no key; it goes behind `Bearer`")
        return
    if presented is None or not behind_dpop or proof is None:
        raise Refusal(Reason.JWT_AS_BEARER, "it goes behind `DPoP`, with a proof in the DPoP header")
    proof.check(key, presented.token, public_urls)


def _read(said: Any) -> Confirmation:
    if not isinstance(said, dict) or not said or not _KNOWN.issuperset(said):
        raise Refusal(Reason.JWT_BOUND, "`cnf` holds what is not known here")
    return Confirmation(*(_digest(said[name]) if name in said else None for name in ("jkt", "x5t#S256")))


def _digest(said: Any) -> bytes:
    if isinstance(said, str) and _SHA256.fullmatch(said):
        digest = base64.urlsafe_b64decode(f"{said}=")
        # Bits behind the last byte could be anything, and the same digest have several spellings.
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") == said:
            return digest
    raise Refusal(Reason.JWT_BOUND, "`cnf` holds something else than SHA-256 in base64url")
