"""A DPoP proof (RFC 9449): for this one request and this one token, whoever sends them has the key to which the token is bound. Pure.

Checked as RFC 9449 4.3 has it, in an order in which a signature comes last; whether a proof was seen before is for others to remember.
"""

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from sidecar.errors import Reason, Refusal
from sidecar.identity.algorithms import JwtAlgorithm
from sidecar.identity.compact_jwt import CompactJwt, read_compact
from sidecar.identity.jwt_signature import Choice, check_signature
from sidecar.identity.key_set import VerificationKey, read_public_jwk

ALGORITHMS = tuple(each for each in JwtAlgorithm if not each.symmetric)
"""With which a proof may be signed."""
OLDEST = 60.0
"""Seconds after its `iat` for which a proof counts; as long must it be remembered."""
AHEAD = 10.0
"""Seconds by which the client's clock may be ahead."""

_LONGEST = 8_192
_LONGEST_ID = 256
_THUMBED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PLAIN_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Request:
    """What a proof must be for.

    :ivar method: as sent; letter case counts.
    :ivar urls: under which clients may know what they call, each normalised (see `normalised`).
    """

    method: str
    urls: Collection[str]


def check_proof(header: bytes, token: bytes, thumbprint: bytes, request: Request, now: float) -> bytes:
    """What stands for this proof and no other, 32 bytes, if it proves that the sender has the key.

    :param header: the value of the DPoP header.
    :param token: that goes along, as sent.
    :param thumbprint: of the key to which the token is bound, 32 bytes (RFC 7638).
    :param now: seconds since 1970.
    :raises Refusal: DPOP_PROOF.
    """
    proof = _read(header)
    key, algorithm = _key(proof.header, thumbprint)
    identity = _check_claims(proof.claims, token, request, now)
    try:
        check_signature(proof, Choice(key, algorithm))
    except Refusal:
        raise _wrong("its signature is not of its key") from None
    return hashlib.sha256(thumbprint + identity.encode("utf-8", "surrogatepass")).digest()


def _wrong(detail: str) -> Refusal:
    return Refusal(Reason.DPOP_PROOF, detail)


def _read(header: bytes) -> CompactJwt:
    if len(header) > _LONGEST:
        raise _wrong(f"it has more than {_LONGEST} characters")
    try:
        return read_compact(header)
    except Refusal as refusal:
        raise _wrong(refusal.detail) from None


def _key(header: Mapping[str, Any], thumbprint: bytes) -> tuple[VerificationKey, JwtAlgorithm]:
    if header.get("typ") != "dpop+jwt":
        raise _wrong("`typ` is not dpop+jwt")
    if not {"typ", "alg", "jwk", "kid"}.issuperset(header):
        raise _wrong("its header holds what is not known here")
    said, jwk = header.get("alg"), header.get("jwk")
    algorithm = next((each for each in ALGORITHMS if isinstance(said, str) and each.value == said), None)
    if algorithm is None:
        raise _wrong("`alg` is none by which a key pair signs")
    if not isinstance(jwk, dict) or not compare_digest(_thumbprint(jwk), thumbprint):
        raise _wrong("`jwk` is not the key to which the token is bound")
    try:
        key = read_public_jwk(jwk)
    except ValueError as problem:
        raise _wrong(f"`jwk` {problem}") from None
    if algorithm not in key.algorithms:
        raise _wrong("`alg` is not one for this key")
    return key, algorithm


def _thumbprint(jwk: Mapping[str, Any]) -> bytes:
    """RFC 7638: of the members that make the key, in the order of their names."""
    kind = jwk.get("kty")
    members = {name: jwk.get(name) for name in _THUMBED.get(kind if isinstance(kind, str) else "", ())}
    if not members or not all(isinstance(value, str) for value in members.values()):
        raise _wrong("`jwk` is no public key of a known kind")
    text = json.dumps(members, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _check_claims(claims: Mapping[str, Any], token: bytes, request: Request, now: float) -> str:
    """The proof's `jti`."""
    if claims.get("htm") != request.method:
        raise _wrong("`htm` is not the request's verb")
    url = claims.get("htu")
    if not isinstance(url, str) or normalised(url) not in request.urls:
        raise _wrong("`htu` is not the URL of this request, under any of `public_urls`")
    issued = claims.get("iat")
    if isinstance(issued, bool) or not isinstance(issued, int | float) or not now - OLDEST < issued <= now + AHEAD:
        raise _wrong(f"`iat` is not of the last {OLDEST:.0f} seconds")
    hashed = claims.get("ath")
    wanted = base64.urlsafe_b64encode(hashlib.sha256(token).digest()).rstrip(b"=").decode()
    if not isinstance(hashed, str) or not compare_digest(hashed.encode("utf-8", "surrogatepass"), wanted.encode()):
        raise _wrong("`ath` is not of the token that goes along")
    identity = claims.get("jti")
    if not isinstance(identity, str) or not 0 < len(identity) <= _LONGEST_ID:
        raise _wrong("`jti` is no short text")
    for name in ("exp", "nbf"):
        if name in claims:
            raise _wrong(f"`{name}` is not known in proofs")
    return identity


def normalised(url: str) -> str | None:
    """An http(s) URL without query and fragment, in the one spelling that all of its spellings have (RFC 3986 6.2).

    :return: None for anything else.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
    if scheme not in ("http", "https") or not _PLAIN_HOST.fullmatch(host) or not url.isascii() or not url.isprintable() or " " in url:
        return None
    default = {"http": 80, "https": 443}[scheme]
    place = host.lower() if port in (None, default) else f"{host.lower()}:{port}"
    return f"{scheme}://{place}{normalised_path(parts.path)}"


def normalised_path(path: str) -> str:
    """A path, its escapes in capitals and none where none is needed. Segments of dots stay what they are: nothing is served under such."""
    return _ESCAPE.sub(_unescaped, path) or "/"


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
